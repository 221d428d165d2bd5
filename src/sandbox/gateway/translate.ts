import type { KubeObject } from '../api-server/objects.js'
import { isRegex } from './matching.js'
import type {
  Cluster,
  Destination,
  HeaderMatch,
  ProxyConfig,
  ProxyRoute,
  ResponseHeader,
  RouteMatch,
  VirtualHost,
} from './routes.js'
import { orderedTables, selectedTables, sortByPath } from './selection.js'
import { type Report, StatusReports } from './statuses.js'

export interface Snapshot {
  virtualServices: KubeObject[]
  routeTables: KubeObject[]
  upstreams: KubeObject[]
}

export interface Translation {
  config: ProxyConfig
  /** Status by object, to be written to it. */
  reports: Map<KubeObject, Report>
  /** Envoy refuses the whole update: the proxy keeps the routes it has, of every team. */
  refused: boolean
  /** Virtual hosts that Gloo rejects: the proxy keeps what it has of them. */
  rejectedHosts: string[]
}

/** A delegation deeper than this is a loop. */
const MAX_DEPTH = 8

/** Gloo's translation: what the proxy is told, and what is written into the statuses. */
export function translate(snapshot: Snapshot): Translation {
  return new Translator(snapshot).run()
}

class Translator {
  private readonly reports: StatusReports
  private readonly rejectedHosts: string[] = []
  private refused = false
  private readonly clusters: Map<string, Cluster>

  constructor(private readonly snapshot: Snapshot) {
    this.reports = new StatusReports(snapshot)
    this.clusters = new Map(
      snapshot.upstreams.flatMap((upstream) => clusterOf(upstream)).map((one) => [one.name, one]),
    )
  }

  run(): Translation {
    const virtualHosts = this.snapshot.virtualServices.map((service) => this.virtualHost(service))
    return {
      config: { virtualHosts, clusters: this.clusters },
      reports: this.reports.all(),
      refused: this.refused,
      rejectedHosts: this.rejectedHosts,
    }
  }

  private virtualHost(service: KubeObject): VirtualHost {
    const { domains = ['*'], routes = [] } = service.spec?.virtualHost ?? {}
    const parents: unknown[] = routes
    return {
      domains,
      routes: parents.flatMap((route) => this.route(route, { service, depth: 0, prefix: '' })),
    }
  }

  // Routes are what users write, in any shape; what is read of them is checked here.
  private route(
    route: any,
    context: { service: KubeObject; table?: KubeObject; depth: number; prefix: string },
  ): ProxyRoute[] {
    const { service, table, depth } = context
    if (route.delegateAction) return this.delegated(route, context, depth)
    const matchers: any[] = route.matchers ?? [{ prefix: '/' }]
    const outside = matchers.find((matcher) => !pathOf(matcher).startsWith(context.prefix))
    if (table && outside) {
      this.reports.warnTable(
        table,
        service,
        `required prefix: ${context.prefix}, prefix: ${pathOf(outside)}: invalid route: route table matchers must begin with the prefix of their parent route's matcher`,
      )
      return []
    }
    const { single, multi } = route.routeAction ?? {}
    if (!single && !multi && !route.redirectAction && !route.directResponseAction) {
      this.reports.rejectTable(table, service, 'invalid route: route must specify an action')
      this.rejectedHosts.push(...(service.spec?.virtualHost?.domains ?? ['*']))
      return []
    }
    const destinations = single
      ? [this.destination(single, 1, {}, service)]
      : (multi?.destinations ?? []).map((entry: any) =>
          this.destination(entry.destination ?? {}, Number(entry.weight ?? 0), entry.options, service),
        )
    if (multi && destinations.reduce((sum: number, one: Destination) => sum + one.weight, 0) < 1) {
      this.refused = true
      this.reports.rejectProxy(
        table,
        service,
        'Incorrect configuration for Weighted Destination for route - Weighted Destinations require a total weight that is greater than or equal to 1.',
      )
    }
    return matchers.map((matcher) => {
      const match = matchOf(matcher)
      if (match.headers.some((header) => header.regex && !isRegex(header.value ?? ''))) this.refused = true
      return {
        match,
        destinations,
        responseHeaders: responseHeadersOf(route.options),
        prefixRewrite: route.options?.prefixRewrite,
      }
    })
  }

  private delegated(
    route: any,
    { service, prefix }: { service: KubeObject; prefix: string },
    depth: number,
  ): ProxyRoute[] {
    const tables = selectedTables(
      route.delegateAction,
      service.metadata.namespace ?? '',
      this.snapshot.routeTables,
    )
    if (tables.length === 0) this.reports.warnService(service, 'no route table matches the given selector')
    if (depth >= MAX_DEPTH) return []
    const parentPrefix = route.matchers?.[0]?.prefix ?? prefix
    return orderedTables(tables).flatMap((group) => {
      const routes = group.flatMap((table) =>
        ((table.spec?.routes ?? []) as unknown[]).flatMap((child) =>
          this.route(child, {
            service,
            table,
            depth: depth + 1,
            prefix: parentPrefix === '/' ? '' : parentPrefix,
          }),
        ),
      )
      return group.length > 1 ? sortByPath(routes) : routes
    })
  }

  private destination(destination: any, weight: number, options: any, service: KubeObject): Destination {
    const { name, namespace } = destination.upstream ?? {}
    const cluster = `${name}_${namespace}`
    const known = this.clusters.has(cluster)
    if (!known) {
      this.reports.warnService(
        service,
        `Route Warning: InvalidDestinationWarning. Reason: *v1.Upstream { ${namespace}.${name} } not found`,
      )
    }
    return {
      cluster: known ? cluster : undefined,
      subset: destination.subset?.values,
      weight,
      responseHeaders: responseHeadersOf(options),
    }
  }
}

function clusterOf({ metadata, spec }: KubeObject): Cluster[] {
  const kube = spec?.kube
  if (!kube) return []
  return [
    {
      name: `${metadata.name}_${metadata.namespace}`,
      serviceNamespace: kube.serviceNamespace,
      serviceName: kube.serviceName,
      servicePort: kube.servicePort,
      selector: kube.selector ?? {},
      subsetKeys: (kube.subsetSpec?.selectors ?? []).map(({ keys }: { keys: string[] }) => keys),
      fallback: kube.subsetSpec?.fallbackPolicy ?? 'ANY_ENDPOINT',
    },
  ]
}

function pathOf(matcher: any): string {
  return matcher.exact ?? matcher.regex ?? matcher.prefix ?? '/'
}

function matchOf(matcher: any): RouteMatch {
  return {
    prefix: matcher.prefix,
    exact: matcher.exact,
    regex: matcher.regex,
    methods: matcher.methods ?? [],
    headers: (matcher.headers ?? []).map(valueMatchOf),
    queryParameters: (matcher.queryParameters ?? []).map(valueMatchOf),
  }
}

function valueMatchOf({ name, value, regex, invertMatch }: any): HeaderMatch {
  return { name, value, regex, invert: invertMatch }
}

function responseHeadersOf(options: any): ResponseHeader[] {
  const added: any[] = options?.headerManipulation?.responseHeadersToAdd ?? []
  return added.map(({ header, append }) => ({
    name: header.key,
    value: header.value ?? '',
    append: append ?? true,
  }))
}
