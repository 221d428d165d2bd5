import { setImmediate as settle } from 'node:timers/promises'
import { vi } from 'vitest'

interface Timer {
  at: number
  order: number
  run: () => void
}

const LONGEST_MS = 6 * 3_600_000
const START = Date.parse('2026-11-23T10:00:00Z')

/** Time that passes only as far as a test lets it: hours in a moment, and the same in every run. */
export class VirtualTime {
  private now = 0
  private order = 0
  private readonly timers = new Map<object, Timer>()

  constructor() {
    vi.useFakeTimers({ toFake: ['Date'], now: START })
    vi.spyOn(performance, 'now').mockImplementation(() => this.now)
    vi.stubGlobal('setTimeout', (run: () => void, milliseconds = 0) => {
      const handle = { unref: () => handle, ref: () => handle }
      this.order += 1
      this.timers.set(handle, { at: this.now + Math.max(0, milliseconds), order: this.order, run })
      return handle
    })
    vi.stubGlobal('clearTimeout', (handle: object | undefined) => this.timers.delete(handle ?? {}))
  }

  elapsed(): number {
    return this.now
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void setTimeout(resolve, milliseconds))
  }

  /** Lets so much time pass. */
  async pass(milliseconds: number): Promise<void> {
    const until = this.now + milliseconds
    await settle()
    while (await this.step(until)) continue
    this.set(until)
  }

  /** Lets time pass until something is done; throws where that takes longer than anything should. */
  async until<T>(done: Promise<T>): Promise<T> {
    let isDone = false
    const end = () => {
      isDone = true
    }
    done.then(end, end)
    await settle()
    const limit = this.now + LONGEST_MS
    while (!isDone) if (!(await this.step(limit))) throw new Error('it is not done within six hours')
    return done
  }

  end(): void {
    vi.useRealTimers()
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
  }

  /** Runs the next timer and all that follows of it at once; false where none is due by then. */
  private async step(until: number): Promise<boolean> {
    let next: [object, Timer] | undefined
    for (const entry of this.timers) {
      const sooner = entry[1].at - (next?.[1].at ?? Infinity) || entry[1].order - (next?.[1].order ?? 0)
      if (!next || sooner < 0) next = entry
    }
    if (!next || next[1].at > until) return false
    this.timers.delete(next[0])
    this.set(next[1].at)
    next[1].run()
    await settle()
    return true
  }

  private set(now: number): void {
    this.now = Math.max(this.now, now)
    vi.setSystemTime(START + this.now)
  }
}
