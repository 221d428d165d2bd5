import type { KubeObject } from '../api-server/objects.js'

type State = 'Accepted' | 'Warning' | 'Rejected'

export interface Report {
  state: State
  reason?: string
  /** What the proxy's own status says of it; undefined for kinds that carry none. */
  proxy?: { state: State; reason?: string }
}

const PROXY = '*v1.Proxy.gateway-proxy_gloo-system'

interface Notes {
  warnings: string[]
  errors: string[]
  proxyErrors: string[]
}

/** Collects what a translation has to say of each object, and words it as Gloo does. */
export class StatusReports {
  private readonly notes = new Map<KubeObject, Notes>()

  constructor(
    private readonly objects: {
      virtualServices: KubeObject[]
      routeTables: KubeObject[]
      upstreams: KubeObject[]
    },
  ) {}

  warnService(service: KubeObject, text: string): void {
    this.of(service).warnings.push(text)
  }

  warnTable(table: KubeObject, service: KubeObject, text: string): void {
    this.of(table).warnings.push(text)
    this.of(service).warnings.push(text)
  }

  rejectTable(table: KubeObject | undefined, service: KubeObject, text: string): void {
    if (table) this.of(table).errors.push(text)
    const where = table ? `on sub route table ${table.metadata.namespace}.${table.metadata.name}: ` : ''
    this.of(service).errors.push(where + text)
  }

  /** An error that only the shared proxy reports: both objects stay Accepted. */
  rejectProxy(table: KubeObject | undefined, service: KubeObject, text: string): void {
    const { name, namespace } = service.metadata
    const error = `Route Error: ProcessingError. Reason: ${text} Route Name: ${namespace}_${name}-route-0-matcher-0`
    if (table) this.of(table).proxyErrors.push(error)
    this.of(service).proxyErrors.push(error)
  }

  all(): Map<KubeObject, Report> {
    const { virtualServices, routeTables, upstreams } = this.objects
    const reports = new Map<KubeObject, Report>()
    for (const object of [...virtualServices, ...routeTables]) reports.set(object, this.report(object))
    for (const upstream of upstreams) reports.set(upstream, { state: 'Accepted' })
    return reports
  }

  private report(object: KubeObject): Report {
    const { warnings, errors, proxyErrors } = this.of(object)
    const proxy: Report['proxy'] =
      proxyErrors.length > 0 ? { state: 'Rejected', reason: errorList(proxyErrors) } : { state: 'Accepted' }
    if (errors.length > 0) return { state: 'Rejected', reason: errorList(errors), proxy }
    if (warnings.length > 0) return { state: 'Warning', reason: `warning: \n  ${warnings.join('\n')}`, proxy }
    return { state: 'Accepted', proxy }
  }

  private of(object: KubeObject): Notes {
    let notes = this.notes.get(object)
    if (!notes) this.notes.set(object, (notes = { warnings: [], errors: [], proxyErrors: [] }))
    return notes
  }
}

/** Errors as Go's multierror prints them. */
function errorList(errors: string[]): string {
  const count = errors.length === 1 ? '1 error' : `${errors.length} errors`
  return `${count} occurred:\n${errors.map((error) => `\t* ${error}\n`).join('')}\n`
}

/** The `status` field as Gloo writes it into an object. */
export function statusField({ state, reason, proxy }: Report): object {
  const own = { ...(reason ? { reason } : {}), reportedBy: 'gloo', state }
  const sub = proxy && {
    subresourceStatuses: {
      [PROXY]: { ...(proxy.reason ? { reason: proxy.reason } : {}), reportedBy: 'gloo', state: proxy.state },
    },
  }
  return { statuses: { 'gloo-system': { ...own, ...sub } } }
}
