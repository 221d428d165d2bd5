import type { Socket } from 'node:net'
import type { ObjectStore } from '../api-server/store.js'

/** A gateway's proxies by the names of their pods: users' connections go to the ready ones in turn. */
export class Rotation<P> {
  private readonly proxies = new Map<string, P>()
  private turn = 0
  private rejectStart: (error: unknown) => void = () => undefined
  private readonly failedStart = new Promise<never>((_resolve, reject) => (this.rejectStart = reject))

  /** `readyPods` are names of pods, of other pods too. */
  constructor(
    private readonly store: ObjectStore,
    private readonly readyPods: () => string[],
  ) {
    this.failedStart.catch(() => undefined) // seen by whoever waits for the start
  }

  add(pod: string, proxy: P): void {
    this.proxies.set(pod, proxy)
  }

  remove(pod: string): void {
    this.proxies.delete(pod)
  }

  /** Hands a connection to the next ready proxy; resets it if there is none. */
  take(socket: Socket, hand: (proxy: P) => void): void {
    const ready = this.ready()
    const proxy = ready[this.turn % ready.length]
    this.turn += 1
    if (proxy !== undefined) hand(proxy)
    else socket.resetAndDestroy()
  }

  /** Resolves once this many proxies are ready, and what else is asked for holds; rejects if a proxy does not start. */
  whenReady(count: number, holds: () => boolean = () => true): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      const unsubscribe = this.store.subscribe(() => {
        if (this.ready().length < count || !holds()) return
        unsubscribe()
        resolve()
      })
    })
    return Promise.race([ready, this.failedStart])
  }

  /** A proxy does not start. */
  fail(error: unknown): void {
    this.rejectStart(error)
  }

  private ready(): P[] {
    return this.readyPods().flatMap((pod) => this.proxies.get(pod) ?? [])
  }
}
