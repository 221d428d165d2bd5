import type { Endpoint, ProxyState } from '../gateway/proxy-feed.js'
import type {
  Cluster,
  Destination,
  HeaderManipulation,
  PathRewrite,
  ProxyRoute,
  RouteAction,
  RouteMatch,
  Shadow,
  ValueMatch,
} from '../gateway/routes.js'

/** A proxy's configuration as Envoy reads it from files. */

const TYPE = 'type.googleapis.com/envoy.'
const CONFIG = `${TYPE}config`
const ROUTES = 'routes'

export interface EnvoyFiles {
  listeners: string
  routes: string
  clusters: string
  /** Of a cluster: Envoy takes one from a file. */
  endpointsOf: (cluster: string) => string
}

/** A file with these resources of one type. */
function resources(type: string, list: object[]): string {
  return JSON.stringify({ resources: list.map((one) => ({ '@type': `${CONFIG}.${type}`, ...one })) })
}

function fileSource(path: string): object {
  return { resource_api_version: 'V3', path_config_source: { path } }
}

/** What Envoy starts with: where its configuration is, and its admin interface. */
export function envoyBootstrap(files: EnvoyFiles, { node, admin }: { node: string; admin: string }): string {
  return JSON.stringify({
    node: { id: node, cluster: 'gateway' },
    admin: { address: { pipe: { path: admin, mode: 0o600 } } },
    dynamic_resources: { lds_config: fileSource(files.listeners), cds_config: fileSource(files.clusters) },
  })
}

/** One listener, on a socket, with the routes of another file. */
export function listenerFile(files: EnvoyFiles, socket: string): string {
  const manager = {
    '@type': `${TYPE}extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'http',
    rds: { route_config_name: ROUTES, config_source: fileSource(files.routes) },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': `${TYPE}extensions.filters.http.router.v3.Router` },
      },
    ],
    upgrade_configs: [{ upgrade_type: 'websocket' }],
  }
  return resources('listener.v3.Listener', [
    {
      name: 'http',
      address: { pipe: { path: socket, mode: 0o600 } },
      filter_chains: [
        { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] },
      ],
    },
  ])
}

export function routeFile({ config }: ProxyState): string {
  return resources('route.v3.RouteConfiguration', [
    {
      name: ROUTES,
      ignore_port_in_host_matching: true,
      virtual_hosts: config.virtualHosts.map(({ name, domains, routes }) => ({
        name,
        domains,
        routes: routes.map(routeOf),
      })),
    },
  ])
}

export function clusterFile({ config }: ProxyState, files: EnvoyFiles): string {
  return resources(
    'cluster.v3.Cluster',
    [...config.clusters.values()].map((cluster) => ({
      name: cluster.name,
      type: 'EDS',
      connect_timeout: '5s',
      eds_cluster_config: { eds_config: fileSource(files.endpointsOf(cluster.name)) },
      ...subsetsOf(cluster),
    })),
  )
}

/** @param portOf the real port behind a pod's address */
export function endpointFile(
  { endpoints }: ProxyState,
  cluster: Cluster,
  portOf: (ip: string, port: number) => number | undefined,
): string {
  const lbEndpoints = (endpoints.get(cluster.name) ?? []).map((one) =>
    endpointOf(one, cluster, portOf(one.ip, one.port)),
  )
  return resources('endpoint.v3.ClusterLoadAssignment', [
    { cluster_name: cluster.name, endpoints: [{ lb_endpoints: lbEndpoints }] },
  ])
}

/** A port where nothing listens leads nowhere: port 1 refuses connections. */
function endpointOf({ labels }: Endpoint, { subsetKeys = [] }: Cluster, port = 1): object {
  const empty = Object.fromEntries(subsetKeys.flat().map((key) => [key, '']))
  return {
    endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } },
    metadata: { filter_metadata: { 'envoy.lb': { ...empty, ...labels } } },
  }
}

function subsetsOf({ subsetKeys, fallback, defaultSubset }: Cluster): object {
  if (!subsetKeys) return {}
  return {
    lb_subset_config: {
      fallback_policy: fallback,
      ...(fallback === 'DEFAULT_SUBSET' ? { default_subset: defaultSubset } : {}),
      subset_selectors: subsetKeys.map((keys) => ({ keys })),
    },
  }
}

function routeOf({ match, action, headers }: ProxyRoute): object {
  return { match: matchOf(match), ...actionOf(action), ...headersOf(headers) }
}

function matchOf({ path, caseSensitive, methods, headers, queryParameters }: RouteMatch): object {
  const byMethod =
    methods.length > 0
      ? [{ name: ':method', string_match: { safe_regex: { regex: methods.join('|') } } }]
      : []
  return {
    ...pathOf(path),
    ...('regex' in path || 'segments' in path ? {} : { case_sensitive: caseSensitive }),
    headers: [...byMethod, ...headers.map((one) => ({ ...valueOf(one), invert_match: one.invert }))],
    query_parameters: queryParameters.map(valueOf),
  }
}

function pathOf(path: RouteMatch['path']): object {
  if ('prefix' in path) return { prefix: path.prefix }
  if ('exact' in path) return { path: path.exact }
  if ('regex' in path) return { safe_regex: { regex: sourceOf(path.regex) } }
  const segments = path.segments.replace(/\/+$/, '')
  return segments === '' ? { prefix: '/' } : { path_separated_prefix: segments }
}

function valueOf({ name, value }: ValueMatch): object {
  if (value === undefined) return { name, present_match: true }
  const how = typeof value === 'string' ? { exact: value } : { safe_regex: { regex: sourceOf(value) } }
  return { name, string_match: how }
}

/** Envoy matches the whole text anyway. */
function sourceOf({ source }: RegExp): string {
  return /^\^\(\?:(.*)\)\$$/s.exec(source)?.[1] ?? source
}

function actionOf(action: RouteAction): object {
  switch (action.to) {
    case 'direct response':
      return { direct_response: { status: action.status, body: { inline_string: action.body } } }
    case 'redirect': {
      const { status, scheme, host, port, path } = action
      return {
        redirect: {
          response_code: REDIRECTS[status],
          ...(scheme ? { scheme_redirect: scheme } : {}),
          ...(host ? { host_redirect: host } : {}),
          ...(typeof port === 'number' ? { port_redirect: port } : {}),
          ...redirectPath(path),
        },
      }
    }
    case 'clusters': {
      const { destinations, rewrite, shadows, timeoutMs } = action
      return {
        route: {
          ...targetOf(destinations),
          ...(rewrite?.path && !('full' in rewrite.path)
            ? { prefix_rewrite: Object.values(rewrite.path)[0] }
            : {}),
          ...(rewrite?.host ? { host_rewrite_literal: rewrite.host } : {}),
          ...(timeoutMs === undefined ? {} : { timeout: `${timeoutMs / 1000}s` }),
          request_mirror_policies: shadows.map(mirrorOf),
        },
      }
    }
  }
}

const REDIRECTS: Record<number, string> = {
  301: 'MOVED_PERMANENTLY',
  302: 'FOUND',
  303: 'SEE_OTHER',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
}

function redirectPath(path: PathRewrite | undefined): object {
  if (!path) return {}
  return 'full' in path ? { path_redirect: path.full } : { prefix_rewrite: Object.values(path)[0] }
}

function targetOf(destinations: Destination[]): object {
  const [only, ...others] = destinations
  const isPlain = only && others.length === 0 && isEmpty(only.headers)
  if (isPlain) return { cluster: only.cluster, ...subsetMatch(only) }
  return {
    weighted_clusters: {
      clusters: destinations.map((one) => ({
        name: one.cluster,
        weight: one.weight,
        ...subsetMatch(one),
        ...headersOf(one.headers),
      })),
    },
  }
}

function subsetMatch({ subset }: Destination): object {
  if (!subset || Object.keys(subset).length === 0) return {}
  return { metadata_match: { filter_metadata: { 'envoy.lb': subset } } }
}

function mirrorOf({ cluster, percentage }: Shadow): object {
  const numerator = Math.round(percentage * 10_000)
  return { cluster, runtime_fraction: { default_value: { numerator, denominator: 'MILLION' } } }
}

function isEmpty({ request, response }: HeaderManipulation): boolean {
  return [request, response].every(({ add, remove }) => add.length === 0 && remove.length === 0)
}

function headersOf({ request, response }: HeaderManipulation): object {
  const added = (list: HeaderManipulation['request']['add']) =>
    list.map(({ name, value, append }) => ({
      header: { key: name, value },
      append_action: append ? 'APPEND_IF_EXISTS_OR_ADD' : 'OVERWRITE_IF_EXISTS_OR_ADD',
    }))
  return {
    request_headers_to_add: added(request.add),
    request_headers_to_remove: request.remove,
    response_headers_to_add: added(response.add),
    response_headers_to_remove: response.remove,
  }
}
