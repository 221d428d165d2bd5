import { isDeepStrictEqual } from 'node:util'
import { unlessForbidden } from '../../../cluster/kube/api-errors.js'
import type { KubeApi } from '../../../cluster/kube/kube-api.js'
import { type Service, SERVICES } from '../../../cluster/kube/kube-types.js'
import type { ClusterObject } from '../../../cluster/ports/objects.js'
import type { PinnedCluster } from '../../../cluster/options.js'
import type { ObjectRef, Snapshot } from '../../../model/results/diagnosis.js'
import { lookAtProxies } from '../../envoy/snapshot.js'
import type { Observed } from '../../provider.js'
import { findOrNull, Look, lookAtVersions } from '../../snapshot.js'
import { glooRules } from '../diagnosis/rules.js'
import { ROUTE_TABLES, UPSTREAMS, VIRTUAL_SERVICES } from '../kinds.js'
import { attachmentOf, type GlooRoutes } from '../objects/gloo-object.js'
import { isOfRelease } from '../../objects.js'
import { domainConflicts } from '../overlaps/domains.js'
import type { IsOwn } from '../../matching/route-pairs.js'
import { overlapsOf } from '../overlaps/overlaps.js'
import { servedRoutes } from '../overlaps/served-routes.js'
import { clusterOf } from '../proxies/cluster-names.js'
import { listProxyPods } from '../proxies/address.js'
import { GLOO_NAMESPACE } from '../shared-virtual-service.js'
import type { Delegation, GlooSnapshot, UpstreamState } from '../types.js'
import { neutral } from './neutral.js'
import { delegationsOf, tableOf, upstreamOf } from './objects.js'

/**
 * Everything between the gateway and an app's pods, as the cluster has it now: within 3 seconds. Never throws; what
 * could not be read is left out and named in `couldNotLook`.
 */
export async function observeApp(api: KubeApi, app: ObjectRef, options: PinnedCluster): Promise<Observed> {
  const look = new Look()
  const pods = { pods: listProxyPods(api), namespace: GLOO_NAMESPACE, cluster: clusterOf(app) }
  const [{ conflicts, ...objects }, workloads, proxies] = await Promise.all([
    lookAtRoutes(api, app, look),
    lookAtVersions(api, app, look),
    lookAtProxies(pods, look, options),
  ])
  const { couldNotLook } = look
  return {
    snapshot: { ...app, ...neutral(objects), ...conflicts, ...workloads, proxies, couldNotLook },
    rules: glooRules(objects),
  }
}

type Conflicts = Pick<Snapshot, 'overlaps' | 'domainConflicts'>

async function lookAtRoutes(
  api: KubeApi,
  app: ObjectRef,
  look: Look,
): Promise<GlooSnapshot & { conflicts?: Conflicts }> {
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
  const delegations = services?.flatMap((service): Delegation[] => delegationsOf(service, objects))
  const table = own && tableOf(own)
  const used = table?.routes.flatMap(({ destinations }) => destinations.map(({ backend }) => backend)) ?? []
  const refs = new Map(used.map((ref) => [`${ref.namespace}/${ref.name}`, ref]))
  const upstreams = await Promise.all([...refs.values()].map((ref) => lookAtUpstream(api, ref, look)))
  return {
    table,
    ...(everywhere ? { otherTables: objects.filter((object) => !isOwn(object)).map(tableOf) } : {}),
    delegations,
    ...(everywhere && services
      ? { conflicts: lookAtOthers(app, { virtualServices: services, routeTables: objects }, isOwn) }
      : {}),
    upstreams: upstreams.flatMap((upstream) => upstream ?? []),
  }
}

/** Others' objects that get in the way of the app's routes. */
function lookAtOthers(app: ObjectRef, routes: GlooRoutes, isOwnTable: IsOwn): Conflicts {
  const isOwn: IsOwn = (object) =>
    (object.kind === 'RouteTable' && isOwnTable(object)) || isOfRelease(object, app)
  const serving = routes.virtualServices
    .filter((service) => servedRoutes(service, routes.routeTables).some(({ owner }) => isOwn(owner)))
    .map(attachmentOf)
  return {
    overlaps: overlapsOf(routes, isOwn),
    domainConflicts: domainConflicts(routes.virtualServices).filter(({ attachments }) =>
      attachments.some((ref) => serving.some((service) => isDeepStrictEqual(ref, service))),
    ),
  }
}

/** Those of the whole cluster; of Gloo's namespace if the user may not read more. */
async function listVirtualServices(api: KubeApi): Promise<ClusterObject[]> {
  const all = await unlessForbidden(api.list({ resource: VIRTUAL_SERVICES }))
  return (all ?? (await api.list({ resource: VIRTUAL_SERVICES, namespace: GLOO_NAMESPACE }))).items
}

async function lookAtUpstream(api: KubeApi, ref: ObjectRef, look: Look): Promise<UpstreamState | undefined> {
  const found = await look.at(`upstream ${ref.name}`, findOrNull(api, { resource: UPSTREAMS, ...ref }))
  if (found === undefined) return undefined
  const upstream = upstreamOf(ref, found ?? undefined)
  const { service } = upstream
  if (!service) return upstream
  const asked = findOrNull<Service>(api, { resource: SERVICES, ...service })
  const behind = await look.at(`service ${service.name}`, asked)
  if (behind === undefined) return upstream
  const servicePorts = behind?.spec?.ports?.map(({ port }) => port)
  return { ...upstream, serviceExists: behind !== null, servicePorts }
}
