import { unlessForbidden } from '../../cluster/kube/api-errors.js'
import type { KubeApi } from '../../cluster/kube/kube-api.js'
import { type Service, SERVICES } from '../../cluster/kube/kube-types.js'
import type { PinnedCluster } from '../../cluster/options.js'
import type { ObjectRef } from '../../model/results/diagnosis.js'
import type { Proxies } from '../envoy/admins.js'
import { openEnvoyCounters } from '../envoy/counters.js'
import { list, record, text } from '../fields.js'
import { type RoutingObject, refOf } from '../objects.js'
import type { RequestCounters } from '../provider.js'
import { HTTP_ROUTES } from './kinds.js'

interface Request {
  app: ObjectRef
  proxies: Proxies
}

/**
 * The counters of an app's Services, by Envoy's admin interface of each proxy. A Service that gets copies alone counts as copies.
 * Throws ExternalError if a proxy's interface is out of reach.
 */
export async function openCounters(
  api: KubeApi,
  { app, proxies }: Request,
  options: PinnedCluster,
): Promise<RequestCounters> {
  const [routes, services] = await Promise.all([routesTo(api, app), servicesOf(api, app)])
  const mirrored = new Set(routes.flatMap(mirrorsOf))
  const pattern = clusterPattern(app.namespace)
  const direct = services.filter((name) => !mirrored.has(name))
  const ruleOf = ({ namespace, name }: ObjectRef) =>
    `httproute/${literal(`${namespace}/${name}`)}/rule/[0-9]+`
  const ofRoutes = [app, ...routes.map(refOf)].map((ref) => `${ruleOf(ref)}(/backend/[0-9]+)?`)
  const counted = {
    requests: [...new Set(ofRoutes), ...direct.map(pattern)],
    copies: [...[...mirrored].map(pattern), `${ruleOf(app)}-mirror-[0-9]+`],
  }
  return withoutGaps(await openEnvoyCounters({ ...proxies, ...counted }, options))
}

/** Counters that went with the routes stay at what they were last; those that were never there stay unknown. */
function withoutGaps(counters: RequestCounters): RequestCounters {
  let last: Awaited<ReturnType<RequestCounters['read']>> | undefined
  return {
    async read() {
      const now = await counters.read()
      if (now.isKnown) last = now
      return last ?? now
    },
    close: () => counters.close(),
  }
}

/** Contour's and others' names: the Service and its port, with `/` or `_` between. */
function clusterPattern(namespace: string) {
  return (service: string) => `${literal(namespace)}[/_]${literal(service)}[/_][0-9]+(/.*)?`
}

function literal(name: string): string {
  return name.replaceAll('.', '\\.')
}

/** Names of the Services of the app's versions. */
async function servicesOf(api: KubeApi, { name, namespace }: ObjectRef): Promise<string[]> {
  const labelSelector = `app.kubernetes.io/instance=${name}`
  const { items } = await api.list<Service>({ resource: SERVICES, namespace }, { labelSelector })
  return items.filter(({ spec }) => spec?.selector?.app === name).map(({ metadata }) => metadata.name)
}

/** The app's HTTPRoutes, and those of others that name its Services. */
async function routesTo(api: KubeApi, app: ObjectRef): Promise<RoutingObject[]> {
  const all =
    (await unlessForbidden(api.list({ resource: HTTP_ROUTES }))) ??
    (await api.list({ resource: HTTP_ROUTES, namespace: app.namespace }))
  const isNamed = ({ metadata, spec }: RoutingObject) =>
    list(record(spec).rules).some(({ backendRefs }) =>
      list(backendRefs).some(
        ({ name, namespace = metadata.namespace }) =>
          namespace === app.namespace && (text(name) ?? '').startsWith(`${app.name}-`),
      ),
    )
  return all.items.filter(isNamed)
}

function mirrorsOf({ spec }: RoutingObject): string[] {
  return list(record(spec).rules).flatMap(({ filters }) =>
    list(filters).flatMap(({ requestMirror }) => text(record(record(requestMirror).backendRef).name) ?? []),
  )
}
