/** Waits, at most until one of the signals is aborted; never throws. Milliseconds. */
export function sleep(milliseconds: number, ...signals: (AbortSignal | undefined)[]): Promise<void> {
  const given = signals.filter((signal) => signal !== undefined)
  const signal = given.length > 1 ? AbortSignal.any(given) : given[0]
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

/** Does something for a limited time: aborts `late` when the time is up, and stops waiting. */
export async function atMost(
  milliseconds: number,
  work: (late: AbortSignal) => Promise<void>,
): Promise<void> {
  const late = new AbortController()
  const over = sleep(milliseconds, late.signal)
  await Promise.race([work(late.signal), over.then(() => late.abort())]).finally(() => late.abort())
}
