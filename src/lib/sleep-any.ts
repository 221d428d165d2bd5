import { setTimeout as sleep } from 'node:timers/promises'

/** Waits, at most until one of the signals is aborted; never throws. */
export async function pause(milliseconds: number, signals: AbortSignal[]): Promise<void> {
  await sleep(milliseconds, undefined, { signal: AbortSignal.any(signals) }).catch(() => undefined)
}
