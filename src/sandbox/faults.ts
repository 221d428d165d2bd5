/** Faults that can be ordered while the sandbox runs, so that failure can be rehearsed. */
export type Fault = { /** It ends by itself after this. */ forMs?: number } & AnyFault

type AnyFault =
  /** Pods of a version start, but never become ready. */
  | { kind: 'never-ready'; app: string; version: string }
  /** Containers of a version end as soon as they start, those that run at once. */
  | { kind: 'crash'; app: string; version: string }
  /** A share of an app's (or one version's) answers are errors. */
  | { kind: 'error-rate'; app: string; version?: string; percent: number; status?: number }
  /** An app (or one version) answers later. */
  | { kind: 'latency'; app: string; version?: string; ms: number }
  /** Routes and endpoints reach the proxy this much after a change. */
  | { kind: 'propagation'; ms: number }
  /** The API refuses a verb on a resource, as RBAC would; `*` is any. */
  | { kind: 'forbid'; verb: string; resource: string }
  /** A share of the API's requests is answered with an error: 429, 500 or 503 by turns of chance, or one of them. */
  | { kind: 'api-errors'; percent: number; status?: number }
  /** The API answers later. */
  | { kind: 'api-latency'; ms: number }
  /** A share of the API's requests is carried out, but the connection closes without the answer. */
  | { kind: 'api-lost'; percent: number }
  /** A share of the API's requests is never answered. */
  | { kind: 'api-stall'; percent: number }
  /** The API resets every connection. */
  | { kind: 'api-down' }
  /** Watches end after this. */
  | { kind: 'drop-watches'; ms: number }
  /** Every request to the API is answered 401. */
  | { kind: 'expired-credentials' }
  /** Gloo's webhook refuses routes to Upstreams that are not there, and weights that sum to 0. */
  | { kind: 'strict-admission' }
  /** The proxy resets every connection. */
  | { kind: 'proxy-down' }
  /** The proxy resets a share of the requests. */
  | { kind: 'proxy-reset'; percent: number }
  /** The proxy never answers a share of the requests. */
  | { kind: 'proxy-stall'; percent: number }

export type FaultKind = Fault['kind']

/** Parameters by kind, `?` for those that may be left out: what the command line and the control API accept. */
export const FAULT_PARAMETERS: Record<
  FaultKind,
  Record<string, 'string' | 'number' | 'string?' | 'number?'>
> = {
  'never-ready': { app: 'string', version: 'string' },
  crash: { app: 'string', version: 'string' },
  'error-rate': { app: 'string', percent: 'number', version: 'string?', status: 'number?' },
  latency: { app: 'string', ms: 'number', version: 'string?' },
  propagation: { ms: 'number' },
  forbid: { verb: 'string', resource: 'string' },
  'api-errors': { percent: 'number', status: 'number?' },
  'api-latency': { ms: 'number' },
  'api-lost': { percent: 'number' },
  'api-stall': { percent: 'number' },
  'api-down': {},
  'drop-watches': { ms: 'number' },
  'expired-credentials': {},
  'strict-admission': {},
  'proxy-down': {},
  'proxy-reset': { percent: 'number' },
  'proxy-stall': { percent: 'number' },
}

/** What numbers may be, both bounds included. The longest delay is Node's longest timer. */
const LIMITS: Record<string, [number, number]> = {
  percent: [0, 100],
  ms: [0, 2 ** 31 - 1],
  forMs: [1, 2 ** 31 - 1],
  status: [200, 599],
}

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/

/** What is wrong with a fault, in words; undefined where it can be ordered. */
export function faultProblem(fault: object): string | undefined {
  const { kind, ...given } = fault as Record<string, unknown>
  const kinds = Object.keys(FAULT_PARAMETERS)
  if (!kinds.includes(String(kind)))
    return `there is no fault "${String(kind)}"; there are ${kinds.join(', ')}`
  const parameters: Record<string, string> = { ...FAULT_PARAMETERS[kind as FaultKind], forMs: 'number?' }
  for (const [name, type] of Object.entries(parameters)) {
    const value = given[name]
    if (value === undefined && type.endsWith('?')) continue
    const wanted = type.replace('?', '')
    if (typeof value !== wanted || value === '') return `${String(kind)} needs ${name}, a ${wanted}`
    const [low, high] = LIMITS[name] ?? []
    if (typeof value === 'number' && (value < low! || value > high!))
      return `${name} ${value} is not within ${low} to ${high}`
    if ((name === 'app' || name === 'version') && !LABEL.test(String(value))) {
      return `${name} "${String(value)}" can't be the name of one (a-z, 0-9, -)`
    }
    if (name === 'status' && !Number.isInteger(value)) return `${name} ${String(value)} is no whole number`
  }
  const unknown = Object.keys(given).find((name) => !(name in parameters))
  return unknown === undefined ? undefined : `${String(kind)} has no ${unknown}`
}

export type OrderedFault = Fault & { id: number }

/** The faults in force. */
export class FaultRegistry {
  private faults: OrderedFault[] = []
  private nextId = 1
  private readonly listeners = new Set<() => void>()

  add(fault: Fault): OrderedFault {
    const ordered = { ...fault, id: this.nextId }
    this.nextId += 1
    this.faults.push(ordered)
    this.tell()
    if (fault.forMs !== undefined) setTimeout(() => this.remove(ordered.id), fault.forMs).unref()
    return ordered
  }

  /** Whether there was such a fault. */
  remove(id: number): boolean {
    const before = this.faults.length
    this.faults = this.faults.filter((fault) => fault.id !== id)
    this.tell()
    return this.faults.length < before
  }

  clear(): void {
    this.faults = []
    this.tell()
  }

  list(): readonly OrderedFault[] {
    return this.faults
  }

  /** The faults of one kind, the newest first. */
  of<K extends FaultKind>(kind: K): Extract<OrderedFault, { kind: K }>[] {
    return this.faults
      .filter((fault): fault is Extract<OrderedFault, { kind: K }> => fault.kind === kind)
      .reverse()
  }

  /** Calls back whenever the faults change; returns the function that ends it. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  private tell(): void {
    for (const listener of this.listeners) listener()
  }
}
