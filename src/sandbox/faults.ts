/** Faults that can be ordered while the sandbox runs, so that failure can be rehearsed. */
export type Fault = { /** It ends by itself after this. */ forMs?: number } & AnyFault

type AnyFault =
  /** Pods of a version start, but never become ready. */
  | { kind: 'never-ready'; app: string; version: string }
  /** Pods of a version become ready only this long after their start. */
  | { kind: 'slow-ready'; app: string; version: string; ms: number }
  /** Containers of a version exit as soon as they start; running ones exit at once. */
  | { kind: 'crash'; app: string; version: string }
  /** A share of an app's (or one version's) answers are errors. */
  | { kind: 'error-rate'; app: string; version?: string; percent: number; status?: number }
  /** An app (or one version) answers with a delay. */
  | { kind: 'latency'; app: string; version?: string; ms: number }
  /** Routes and endpoints reach the proxy this much after a change. */
  | { kind: 'propagation'; ms: number }
  /** The API refuses a verb on a resource, as RBAC would; `*` is any. */
  | { kind: 'forbid'; verb: string; resource: string }
  /** A share of the API's requests is not carried out, but answered 429, 500, 503 or 504: by chance, or one of them. */
  | ({ kind: 'api-errors'; percent: number; status?: number } & SomeRequests)
  /** The API begins a request only after this. */
  | ({ kind: 'api-latency'; ms: number } & SomeRequests)
  /** A share of the API's requests is carried out, but the connection breaks without the answer. */
  | ({ kind: 'api-lost'; percent: number } & SomeRequests)
  /** A share of the API's requests breaks with its connection, and nothing is done. */
  | ({ kind: 'api-reset'; percent: number } & SomeRequests)
  /** A share of the API's requests is never carried out and never answered. */
  | ({ kind: 'api-stall'; percent: number } & SomeRequests)
  /** The API resets every connection. */
  | { kind: 'api-down' }
  /** Watches end after this. */
  | { kind: 'drop-watches'; ms: number }
  /** A share of the watches that resume from a version gets 410 (too old): the client has to list again. */
  | { kind: 'expire-watches'; percent: number }
  /** Every request to the API is answered 401. */
  | { kind: 'expired-credentials' }
  /** Gloo's webhook denies RouteTables and deletions after which Gloo would reject or warn of something. */
  | { kind: 'strict-admission' }
  /** The proxy resets every connection. */
  | { kind: 'proxy-down' }
  /** The proxy resets a share of the requests. */
  | { kind: 'proxy-reset'; percent: number }
  /** The proxy never answers a share of the requests. */
  | { kind: 'proxy-stall'; percent: number }
  /** One proxy (a pod's name, or 1, 2, 3 by age; default: the first) takes no new routes. */
  | { kind: 'proxy-stuck'; pod?: string }
  /** A weighted route of the app sends this share to its second destination, whatever is configured. */
  | { kind: 'wrong-weights'; app: string; percent: number }
  /** Weighted routes of the app choose by the connection, not by chance. */
  | { kind: 'sticky'; app: string }
  /** The proxy repeats requests to the app that were answered 5xx. */
  | { kind: 'retries'; app: string }
  /** A header is removed from every request before routing. */
  | { kind: 'strip-header'; name: string }
  /** A cache in front answers GETs for this long, whatever their headers. */
  | { kind: 'cache'; ms: number }
  /** Something in front answers a share of the requests itself, with 200. */
  | { kind: 'foreign-answers'; percent: number }
  /** Something in front refuses requests without credentials. */
  | { kind: 'auth'; status: number }
  /** Something in front redirects everything to https. */
  | { kind: 'redirect'; status?: number }
  /** Another operator deleted the VirtualServices. */
  | { kind: 'no-virtual-service' }
  /** Another operator delegates only requests below this prefix. */
  | { kind: 'parent-prefix'; prefix: string }
  /** Another operator's RouteTable claims the app's path. */
  | { kind: 'rival-table'; app: string }
  /** Another operator changed the port in the app's Upstream, to 8080 by default. */
  | { kind: 'wrong-service-port'; app: string; port?: number }
  /** Another operator deleted the app's Upstream. */
  | { kind: 'missing-upstream'; app: string }
  /** Another operator added a route without an action to the app's RouteTable: Gloo rejects it. */
  | { kind: 'rejected-table'; app: string }
  /** Another team's routes, accepted by the control plane and refused by the proxy: no routes change any more. */
  | { kind: 'bad-neighbour' }
  /** Another team's routes with weights that sum to 0: reported in everybody's status by Gloo, and refused by the proxy. */
  | { kind: 'neighbour-weights' }
  | GatewayApiFault

/** Faults of a Gateway and its surrounding objects. */
export type GatewayApiFault =
  /** The Gateway API's controller is down; its GatewayClass is new, and nobody accepts it. */
  | { kind: 'no-controller' }
  /** The Gateway has no address. */
  | { kind: 'gateway-without-address' }
  /** The CRDs of another version (1.0 to 1.6), and of another channel. */
  | { kind: 'gateway-crds'; release: string; channel?: string }
  /** Another operator deleted the Gateways. */
  | { kind: 'missing-gateway' }
  /** An older Gateway has the listener's port. */
  | { kind: 'port-taken' }
  /** The Gateway's listeners take routes of their own namespace alone. */
  | { kind: 'listener-closed' }
  /** The app's HTTPRoute names a section (a listener) that its Gateway does not have. */
  | { kind: 'wrong-section'; app: string }
  /** The hostnames of the listener and of the app's HTTPRoute do not meet. */
  | { kind: 'hostnames-apart'; app: string }
  /** An older HTTPRoute has the app's matches and wins. */
  | { kind: 'rival-route'; app: string }
  /** The app's HTTPRoute leads to another namespace, and no ReferenceGrant lets it. */
  | { kind: 'missing-grant'; app: string }
  /** The Service of one version is deleted. */
  | { kind: 'missing-service'; app: string; version: string }
  /** The Service of one version selects no pod. */
  | { kind: 'no-endpoints'; app: string; version: string }
  /** The app's HTTPRoute names a port that its Services do not have, 8080 by default. */
  | { kind: 'wrong-backend-port'; app: string; port?: number }
  /** A regular expression of the app's HTTPRoute that no gateway takes. */
  | { kind: 'bad-regex'; app: string }
  /** The app's HTTPRoute shadows to a missing Service. */
  | { kind: 'mirror-to-nowhere'; app: string }

/** The API requests that a fault affects: writes or reads, and those for one kind. */
export interface SomeRequests {
  only?: 'reads' | 'writes'
  /** A plural, like `secrets`. */
  resource?: string
}

export type FaultKind = Fault['kind']

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
