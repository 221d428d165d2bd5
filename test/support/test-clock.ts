import type { Clock } from '../../src/lib/clock.js'

/** Time that passes only where everybody who could go on waits: hours in a moment. */
export class TestClock implements Clock {
  private readonly sleepers = new Set<{ at: number; wake: () => void }>()
  private isLooking = false

  constructor(private time = Date.now()) {}

  now = (): number => this.time

  sleep = (milliseconds: number, ...signals: (AbortSignal | undefined)[]): Promise<void> =>
    new Promise((resolve) => {
      const sleeper = {
        at: this.time + milliseconds,
        wake: () => {
          this.sleepers.delete(sleeper)
          for (const signal of signals) signal?.removeEventListener('abort', sleeper.wake)
          resolve()
        },
      }
      if (signals.some((signal) => signal?.aborted)) return resolve()
      for (const signal of signals) signal?.addEventListener('abort', sleeper.wake)
      this.sleepers.add(sleeper)
      this.look()
    })

  /** What goes on without a timer of the system's is done before the next immediate. */
  private look(): void {
    if (this.isLooking) return
    this.isLooking = true
    setImmediate(() => {
      this.isLooking = false
      const [first, ...others] = this.sleepers
      if (!first) return
      const next = others.reduce((soonest, other) => (other.at < soonest.at ? other : soonest), first)
      this.time = Math.max(this.time, next.at)
      next.wake()
      this.look()
    })
  }
}
