/** Waits, at most until `signal` is aborted; never throws. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
  })
}

/** Does something for a limited time: `late` is aborted when that is over, and nothing is waited for any more. */
export async function atMost(
  milliseconds: number,
  work: (late: AbortSignal) => Promise<void>,
): Promise<void> {
  const late = new AbortController()
  const over = pause(milliseconds, late.signal)
  await Promise.race([work(late.signal), over.then(() => late.abort())]).finally(() => late.abort())
}
