import { createHash } from 'node:crypto'
import type { Server } from 'node:http'
import { createGuarded, refusedCaller, urlOf } from '../door.js'
import type { ProxyFeed } from '../gateway/proxy-feed.js'
import type { Destination, ProxyRoute, VirtualHost } from '../gateway/routes.js'
import type { ProxyCounters } from './counters.js'

const ROUTES = 'listener-::-8080-routes'
/** Counters and the routes' name in them: Envoy writes `_` for a colon. */
const RDS = `http.http.rds.${ROUTES.replaceAll(':', '_')}`

/** Envoy's admin interface of one proxy: counters, its routes, its clusters. Not listening yet. */
export function adminServer(feed: ProxyFeed, counters: ProxyCounters): Server {
  return createGuarded({}, (request, response) => {
    request.resume()
    const { pathname = '', searchParams = new URLSearchParams() } = urlOf(request) ?? {}
    const isJson = searchParams.get('format') === 'json'
    const json = (body: object) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body, undefined, 1))
    }
    const text = (body: string, status = 200) => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=UTF-8' }).end(body)
    }
    const refused = refusedCaller(request.headers)
    if (refused !== undefined) return text(`${refused}\n`, 403)
    switch (pathname) {
      case '/ready':
        return text('LIVE\n')
      case '/stats': {
        const wanted = filterOf(searchParams.get('filter'))
        if (!wanted) return text('Invalid regex: no such filter\n', 400)
        const stats = statsOf(feed, counters).filter(([name]) => wanted.test(name))
        if (isJson) return json({ stats: stats.map(([name, value]) => ({ name, value })) })
        const shown = (value: number | string) => (typeof value === 'string' ? `"${value}"` : value)
        return text(stats.map(([name, value]) => `${name}: ${shown(value)}\n`).join(''))
      }
      case '/config_dump': {
        const resource = searchParams.get('resource')
        if (resource !== null && resource !== 'dynamic_route_configs')
          return text(`${resource} not found in config dump\n`, 404)
        const dump = routeDump(feed)
        if (resource !== null) return json({ configs: dump })
        const type = 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump'
        return json({ configs: [{ '@type': type, dynamic_route_configs: dump }] })
      }
      case '/clusters':
        return isJson
          ? json({ cluster_statuses: clusterStatuses(feed, counters) })
          : text('use ?format=json\n')
      default:
        return text('invalid path. admin commands are: /clusters /config_dump /ready /stats\n', 404)
    }
  })
}

/** Undefined if it is not a regular expression. */
function filterOf(filter: string | null): RegExp | undefined {
  try {
    return new RegExp(filter ?? '')
  } catch {
    return undefined
  }
}

function statsOf({ state, updates }: ProxyFeed, counters: ProxyCounters): [string, number | string][] {
  const ofClusters = [...state.config.clusters.keys()].flatMap((name) =>
    Object.entries(counters.cluster(name)).map(([counter, value]): [string, number] => [
      `cluster.${name}.${counter}`,
      value as number,
    ]),
  )
  const ofRoutes: [string, number | string][] = [
    [`${RDS}.update_rejected`, updates.rejected],
    [`${RDS}.update_success`, updates.accepted],
    [`${RDS}.version_text`, versionOf(state.config.virtualHosts)],
  ]
  return [...ofClusters, ...ofRoutes].sort(([one], [other]) => (one < other ? -1 : 1))
}

function routeDump({ state }: ProxyFeed): object[] {
  const hosts = state.config.virtualHosts
  return [
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump.DynamicRouteConfig',
      version_info: versionOf(hosts),
      route_config: {
        '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
        name: ROUTES,
        virtual_hosts: hosts.map(({ name, domains, routes }) => ({
          name,
          domains,
          routes: routes.map(envoyRoute),
        })),
      },
    },
  ]
}

/** A version that is the same for the same routes, on any proxy. */
function versionOf(hosts: VirtualHost[]): string {
  const written = JSON.stringify(hosts, (_, value: unknown) =>
    value instanceof RegExp ? value.source : value,
  )
  return createHash('sha256').update(written).digest().readBigUInt64BE().toString()
}

function envoyRoute({ match, action, headers }: ProxyRoute): object {
  const added = headers.response.add.map(({ name: key, value, append }) => ({
    header: { key, value },
    append_action: append ? 'APPEND_IF_EXISTS_OR_ADD' : 'OVERWRITE_IF_EXISTS_OR_ADD',
  }))
  return {
    match: envoyMatch(match),
    ...envoyAction(action),
    ...(added.length > 0 ? { response_headers_to_add: added } : {}),
  }
}

function envoyMatch({ path, methods, headers }: ProxyRoute['match']): object {
  const where =
    'prefix' in path
      ? { prefix: path.prefix }
      : 'segments' in path
        ? { path_separated_prefix: path.segments }
        : 'exact' in path
          ? { path: path.exact }
          : { safe_regex: { regex: path.regex.source } }
  const matchers = [
    ...headers.map(({ name, value, invert }) => ({
      name,
      ...(value === undefined
        ? { present_match: true }
        : {
            string_match:
              typeof value === 'string' ? { exact: value } : { safe_regex: { regex: value.source } },
          }),
      ...(invert ? { invert_match: true } : {}),
    })),
    ...(methods.length > 0
      ? [{ name: ':method', string_match: { safe_regex: { regex: methods.join('|') } } }]
      : []),
  ]
  return matchers.length > 0 ? { ...where, headers: matchers } : where
}

function envoyAction(action: ProxyRoute['action']): object {
  switch (action.to) {
    case 'direct response':
      return { direct_response: { status: action.status, body: { inline_string: action.body } } }
    case 'redirect': {
      const path = action.path && 'full' in action.path ? action.path.full : undefined
      return { redirect: { host_redirect: action.host, path_redirect: path } }
    }
    case 'clusters': {
      const path = action.rewrite?.path
      const rewrite = path && 'prefix' in path ? { prefix_rewrite: path.prefix } : {}
      const [only, ...others] = action.destinations
      if (only && others.length === 0)
        return { route: { cluster: only.cluster, ...subsetOf(only), ...rewrite } }
      const clusters = action.destinations.map((destination) => ({
        name: destination.cluster,
        weight: destination.weight,
        ...subsetOf(destination),
      }))
      return { route: { weighted_clusters: { clusters }, ...rewrite } }
    }
  }
}

function subsetOf({ subset }: Destination): object {
  return subset ? { metadata_match: { filter_metadata: { 'envoy.lb': subset } } } : {}
}

function clusterStatuses({ state }: ProxyFeed, counters: ProxyCounters): object[] {
  return [...state.config.clusters.keys()].map((name) => ({
    name,
    added_via_api: true,
    host_statuses: (state.endpoints.get(name) ?? []).map((endpoint) => ({
      address: { socket_address: { address: endpoint.ip, port_value: endpoint.port } },
      stats: Object.entries(counters.host(name, endpoint)).map(([counter, value]) => ({
        name: counter,
        value: String(value),
      })),
      health_status: { eds_health_status: 'HEALTHY' },
    })),
  }))
}
