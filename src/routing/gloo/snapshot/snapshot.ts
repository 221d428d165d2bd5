import { isDeepStrictEqual } from 'node:util'
import type {
  ObjectRef,
  Snapshot,
  SnapshotDelegation,
  SnapshotProxy,
  SnapshotUpstream,
  SnapshotVersion,
} from '../../../model/results/diagnosis.js'
import { ApiError } from '../../../cluster/kube/api-errors.js'
import { appPodsOf } from '../../../cluster/pods/app-pods.js'
import type { ClusterObject, ClusterOptions } from '../../../cluster/port.js'
import { GLOO_NAMESPACE } from '../shared-virtual-service.js'
import { domainConflicts } from '../overlaps/domains.js'
import { type GlooRoutes, isOfRelease, refOf } from '../objects.js'
import { type IsOwn, overlapsOf } from '../overlaps/overlaps.js'
import { servedRoutes } from '../overlaps/served-routes.js'
import { delegationsOf, tableOf, upstreamOf } from './objects.js'
import type { KubeApi } from '../../../cluster/kube/kube-api.js'
import {
  ENDPOINTS,
  type Endpoints,
  ROUTE_TABLES,
  type Service,
  SERVICES,
  UPSTREAMS,
  VIRTUAL_SERVICES,
} from '../../../cluster/kube/kube-types.js'
import { isReady, versionPodsOf } from '../../../cluster/pods/pods.js'
import { ADMIN_PORT, readProxyAdmin } from '../../envoy/admin.js'
import { forwardPort } from '../../../cluster/kube/port-forward.js'
import { listProxyPods } from '../proxies/pods.js'
import { listAppObjects } from '../../../cluster/pods/workloads.js'

/** A verdict waits this long for its causes, no longer. */
const TIME_LIMIT_MS = 3000
/** More proxies would say the same, and each needs a port-forward. */
const MOST_PROXIES = 3

/** What is collected, and why a part of it could not be. */
class Look {
  readonly couldNotLook: string[] = []
  readonly signal = AbortSignal.timeout(TIME_LIMIT_MS)
  private readonly late = new Promise<never>((_, reject) => {
    this.signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true })
  })

  constructor() {
    this.late.catch(() => undefined)
  }

  /** Resolves with what was asked for, or undefined; never throws. */
  async at<T>(what: string, asked: Promise<T>): Promise<T | undefined> {
    asked.catch(() => undefined)
    try {
      return await Promise.race([asked, this.late])
    } catch (error) {
      this.couldNotLook.push(`${what}: ${reasonOf(error)}`)
      return undefined
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ApiError) return error.status === 403 ? 'forbidden' : `HTTP ${error.status}`
  return error instanceof Error ? error.message.split('\n')[0]! : String(error)
}

/**
 * What leads to an app, and what is behind it, as the cluster has it now: within 3 seconds. Never throws; what could not
 * be looked at is left out, and named in `couldNotLook`.
 */
export async function takeSnapshot(api: KubeApi, app: ObjectRef, options: ClusterOptions): Promise<Snapshot> {
  const look = new Look()
  const [routing, workloads, proxies] = await Promise.all([
    lookAtRoutes(api, app, look),
    lookAtVersions(api, app, look),
    lookAtProxies(api, app, look, options),
  ])
  return { ...app, ...routing, ...workloads, proxies, couldNotLook: look.couldNotLook }
}

async function lookAtRoutes(
  api: KubeApi,
  app: ObjectRef,
  look: Look,
): Promise<
  Pick<Snapshot, 'table' | 'otherTables' | 'delegations' | 'overlaps' | 'domainConflicts' | 'upstreams'>
> {
  const name = `${app.name}-routes`
  const { namespace } = app
  const [everywhere, services] = await Promise.all([
    look.at('routetables of other namespaces', api.list({ resource: ROUTE_TABLES })),
    look.at('virtualservices', listVirtualServices(api)),
  ])
  const isOwn: IsOwn = ({ metadata }) => metadata.name === name && metadata.namespace === namespace
  const own = everywhere
    ? (everywhere.items.find(isOwn) ?? null)
    : await look.at('the RouteTable', findOrNull(api, { resource: ROUTE_TABLES, namespace, name }))
  const objects = everywhere?.items ?? (own ? [own] : [])
  const delegations = services?.flatMap((service): SnapshotDelegation[] => delegationsOf(service, objects))
  const table = own && tableOf(own)
  const used = table?.routes.flatMap(({ destinations }) => destinations.map(({ upstream }) => upstream)) ?? []
  const refs = new Map(used.map((ref) => [`${ref.namespace}/${ref.name}`, ref]))
  const upstreams = await Promise.all([...refs.values()].map((ref) => lookAtUpstream(api, ref, look)))
  return {
    table,
    ...(everywhere ? { otherTables: objects.filter((object) => !isOwn(object)).map(tableOf) } : {}),
    delegations,
    ...(everywhere && services
      ? lookAtOthers(app, { virtualServices: services, routeTables: objects }, isOwn)
      : {}),
    upstreams: upstreams.flatMap((upstream) => upstream ?? []),
  }
}

/** What of others gets in the way of the app's routes. */
function lookAtOthers(
  app: ObjectRef,
  routes: GlooRoutes,
  isOwnTable: IsOwn,
): Pick<Snapshot, 'overlaps' | 'domainConflicts'> {
  const isOwn: IsOwn = (object) =>
    (object.kind === 'RouteTable' && isOwnTable(object)) || isOfRelease(object, app)
  const serving = routes.virtualServices
    .filter((service) => servedRoutes(service, routes.routeTables).some(({ owner }) => isOwn(owner)))
    .map(refOf)
  return {
    overlaps: overlapsOf(routes, isOwn),
    domainConflicts: domainConflicts(routes.virtualServices).filter(({ virtualServices }) =>
      virtualServices.some((ref) => serving.some((service) => isDeepStrictEqual(ref, service))),
    ),
  }
}

/** Those of the whole cluster; of Gloo's namespace where no more may be read. */
async function listVirtualServices(api: KubeApi): Promise<ClusterObject[]> {
  try {
    return (await api.list({ resource: VIRTUAL_SERVICES })).items
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 403)) throw error
    return (await api.list({ resource: VIRTUAL_SERVICES, namespace: GLOO_NAMESPACE })).items
  }
}

async function findOrNull(
  api: KubeApi,
  target: Parameters<KubeApi['find']>[0],
): Promise<ClusterObject | null> {
  return (await api.find(target)) ?? null
}

async function lookAtUpstream(
  api: KubeApi,
  ref: ObjectRef,
  look: Look,
): Promise<SnapshotUpstream | undefined> {
  const found = await look.at(`upstream ${ref.name}`, findOrNull(api, { resource: UPSTREAMS, ...ref }))
  if (found === undefined) return undefined
  const upstream = upstreamOf(ref, found ?? undefined)
  const { service } = upstream
  if (!service) return upstream
  const asked = api.find<Service>({ resource: SERVICES, ...service }).then((object) => object ?? null)
  const behind = await look.at(`service ${service.name}`, asked)
  if (behind === undefined) return upstream
  const servicePorts = behind?.spec?.ports?.map(({ port }) => port)
  return { ...upstream, serviceExists: behind !== null, servicePorts }
}

async function lookAtVersions(
  api: KubeApi,
  { name, namespace }: ObjectRef,
  look: Look,
): Promise<Pick<Snapshot, 'versions' | 'neighbours'>> {
  const release = { app: name, namespace }
  const [objects, endpoints] = await Promise.all([
    look.at('pods', listAppObjects(api, release)),
    look.at('endpoints', api.find<Endpoints>({ resource: ENDPOINTS, namespace, name })),
  ])
  if (!objects) return {}
  const { own, others } = appPodsOf(release, objects)
  const versions = versionPodsOf(own).map(({ version, ready, wanted, problems }): SnapshotVersion => {
    const pods = own.filter((entry) => entry.version === version).flatMap((entry) => entry.pods)
    const names = new Set(pods.map(({ metadata }) => metadata.name))
    const count = (part: 'addresses' | 'notReadyAddresses') =>
      (endpoints?.subsets ?? [])
        .flatMap((subset) => subset[part] ?? [])
        .filter(({ targetRef }) => names.has(targetRef?.name ?? '')).length
    const reported = endpoints
      ? { endpoints: { ready: count('addresses'), notReady: count('notReadyAddresses') } }
      : {}
    return { version, ready, wanted, problems, ...reported }
  })
  return { versions, neighbours: others }
}

async function lookAtProxies(
  api: KubeApi,
  app: ObjectRef,
  look: Look,
  options: ClusterOptions,
): Promise<SnapshotProxy[] | undefined> {
  const found = await look.at('proxies', listProxyPods(api))
  const ready = (found ?? []).filter(isReady).slice(0, MOST_PROXIES)
  const admins = await Promise.all(
    ready.map(async ({ metadata: { name: pod } }) => {
      const admin = await look.at(`admin of proxy ${pod}`, lookAtAdmin(pod, app, look.signal, options))
      return [pod, admin] as const
    }),
  )
  const reported = new Map(admins)
  return found?.map((pod) => {
    const admin = reported.get(pod.metadata.name)
    return { pod: pod.metadata.name, ready: isReady(pod), ...(admin ? { admin } : {}) }
  })
}

async function lookAtAdmin(pod: string, app: ObjectRef, signal: AbortSignal, options: ClusterOptions) {
  const way = await forwardPort(
    { namespace: GLOO_NAMESPACE, target: `pod/${pod}`, port: ADMIN_PORT, scheme: 'http' },
    options,
  )
  try {
    return await readProxyAdmin(way.origin, app, signal)
  } finally {
    await way.close()
  }
}
