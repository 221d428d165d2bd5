import { sleep } from './sleep.js'

/** Time as operations see it: the system's, or a test's. */
export interface Clock {
  /** Milliseconds since the epoch; never steps back. */
  now: () => number
  /** Waits, at most until one of the signals is aborted; never throws. */
  sleep: (milliseconds: number, ...signals: (AbortSignal | undefined)[]) => Promise<void>
}

let latest = 0
let elapsed = 0

/**
 * Follows the system's time, also across a suspend; if that is set back, continues with the elapsed time.
 */
export const systemClock: Clock = {
  now: () => {
    const monotonic = performance.now()
    latest = Math.max(Date.now(), latest + monotonic - elapsed)
    elapsed = monotonic
    return Math.round(latest)
  },
  sleep,
}
