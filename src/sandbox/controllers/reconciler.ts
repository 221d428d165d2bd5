import type { ObjectStore, StoreEvent } from '../api-server/store.js'

/**
 * The loop of all controllers: a change in the store names keys, and each key is reconciled soon after, once for any
 * number of changes. Reconciling reads the store again, so the order of changes does not matter.
 */
export abstract class Reconciler {
  private readonly dirty = new Set<string>()
  private readonly timers = new Set<NodeJS.Timeout>()
  private scheduled = false
  private closed = false
  private readonly unsubscribe: () => void

  constructor(protected readonly store: ObjectStore) {
    this.unsubscribe = store.subscribe((event) => {
      for (const key of this.keysOf(event)) this.enqueue(key)
    })
  }

  close(): void {
    this.closed = true
    this.unsubscribe()
    for (const timer of this.timers) clearTimeout(timer)
  }

  /** The keys that a change concerns. */
  protected abstract keysOf(event: StoreEvent): string[]

  protected abstract reconcile(key: string): void

  protected enqueue(key: string): void {
    if (this.closed) return
    this.dirty.add(key)
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      const keys = [...this.dirty]
      this.dirty.clear()
      for (const next of keys) if (!this.closed) this.reconcile(next)
    })
  }

  /** Runs something later, unless closed before. Returns the function that cancels it. */
  protected later(ms: number, work: () => void): () => void {
    if (this.closed) return () => {}
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      work()
    }, ms)
    this.timers.add(timer)
    return () => {
      clearTimeout(timer)
      this.timers.delete(timer)
    }
  }
}

export function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`
}

export function splitKey(key: string): [namespace: string, name: string] {
  const slash = key.indexOf('/')
  return [key.slice(0, slash), key.slice(slash + 1)]
}
