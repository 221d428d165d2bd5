import type { KubeObject } from '../../api-server/objects.js'

type State = 'Accepted' | 'Warning' | 'Rejected'

export interface Report {
  state: State
  reason?: string
  /** The proxy's own status; undefined for kinds without one. */
  proxy?: { state: State; reason?: string }
}

const PROXY = '*v1.Proxy.gateway-proxy_gloo-system'

/** Gloo's limit for reasons. */
const REASON_LIMIT_BYTES = 1024

/**
 * Collects a translation's report on each object, and words it like Gloo. A problem of a RouteTable is also reported on
 * its VirtualService; what only the proxy rejects is in the proxy's status on all of them, as they share the listener.
 */
export class StatusReports {
  private readonly warnings = new Map<KubeObject, string[]>()
  private readonly errors = new Map<KubeObject, string[]>()
  private readonly proxyErrors: string[] = []
  private readonly all = new Set<string>()

  /** @param owner the VirtualService, or a RouteTable it delegates to */
  warn(owner: KubeObject, service: KubeObject, text: string): void {
    this.all.add(text)
    note(this.warnings, owner, text)
    if (owner !== service) note(this.warnings, service, onSubTable(owner, text))
  }

  reject(owner: KubeObject, service: KubeObject, text: string): void {
    this.all.add(text)
    note(this.errors, owner, text)
    if (owner !== service) note(this.errors, service, onSubTable(owner, text))
  }

  /** @param where the route as the proxy gets it; its number changes with the routes before it */
  rejectProxy(text: string, where: string): void {
    this.all.add(text)
    this.proxyErrors.push(`${text} ${where}`)
  }

  /** Everything reported, each text once, whatever the object. */
  problems(): string[] {
    return [...this.all]
  }

  isRejected(object: KubeObject): boolean {
    return this.errors.has(object)
  }

  /** @param hasProxy whether objects of its kind carry the proxy's status */
  of(object: KubeObject, hasProxy: boolean): Report {
    const proxy: Report['proxy'] =
      this.proxyErrors.length > 0
        ? { state: 'Rejected', reason: errorList(this.proxyErrors) }
        : { state: 'Accepted' }
    return { ...this.own(object), ...(hasProxy ? { proxy } : {}) }
  }

  private own(object: KubeObject): Report {
    const errors = this.errors.get(object)
    if (errors) return { state: 'Rejected', reason: errorList(errors) }
    const warnings = this.warnings.get(object)
    if (warnings) return { state: 'Warning', reason: `warning: \n  ${warnings.join('\n')}` }
    return { state: 'Accepted' }
  }
}

function note(notes: Map<KubeObject, string[]>, object: KubeObject, text: string): void {
  notes.set(object, [...(notes.get(object) ?? []), text])
}

function onSubTable({ metadata }: KubeObject, text: string): string {
  return `on sub route table ${metadata.namespace}.${metadata.name}: ${text}`
}

/** Errors as Go's multierror prints them. */
function errorList(errors: string[]): string {
  const count = errors.length === 1 ? '1 error' : `${errors.length} errors`
  return `${count} occurred:\n${errors.map((error) => `\t* ${error}\n`).join('')}\n`
}

/** The `status` field as Gloo writes it into an object. */
export function statusField({ state, reason, proxy }: Report): object {
  const sub = proxy && { subresourceStatuses: { [PROXY]: statusOf(proxy.state, proxy.reason) } }
  return { statuses: { 'gloo-system': { ...statusOf(state, reason), ...sub } } }
}

function statusOf(state: State, reason: string | undefined): object {
  const cut = reason && Buffer.from(reason).subarray(0, REASON_LIMIT_BYTES).toString()
  return { ...(cut ? { reason: cut } : {}), reportedBy: 'gloo', state }
}
