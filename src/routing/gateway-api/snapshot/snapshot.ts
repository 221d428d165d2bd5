import type { KubeApi } from '../../../cluster/kube/kube-api.js'
import { NAMESPACES, type Service, SERVICES } from '../../../cluster/kube/kube-types.js'
import type {
  ObjectRef,
  SnapshotDestination,
  SnapshotRoute,
  SnapshotRoutes,
} from '../../../model/results/diagnosis.js'
import { list, number, record, text } from '../../fields.js'
import type { IsOwn } from '../../matching/route-pairs.js'
import { isKnown, isOfRelease, type RoutingObject, refOf } from '../../objects.js'
import type { Observed } from '../../provider.js'
import { findOrNull, Look, lookAtVersions } from '../../snapshot.js'
import { gatewayRules } from '../diagnosis/rules.js'
import { GATEWAY_CLASSES, GATEWAYS, HTTP_ROUTES, REFERENCE_GRANTS } from '../kinds.js'
import { matchersOf } from '../overlaps/matcher.js'
import { overlapsOf } from '../overlaps/overlaps.js'
import { installedRelease } from '../releases.js'
import type { GatewaySnapshot } from '../types.js'

/**
 * What leads to an app and what is behind it, as the cluster has it now: within 3 seconds. Never throws; what could not be looked
 * at is left out and named in `couldNotLook`.
 */
export async function observeApp(api: KubeApi, app: ObjectRef): Promise<Observed> {
  const look = new Look()
  const services = look.at('services', listServices(api, app.namespace))
  const serviceOf = async (version: string) => serviceFor(app, version, (await services) ?? [])
  const [objects, workloads] = await Promise.all([
    lookAtObjects(api, app, services, look),
    lookAtVersions(api, app, look, serviceOf),
  ])
  const { route, otherRoutes } = objects
  const isOwn: IsOwn = (object) => isSame(object, app) || isOfRelease(object, app)
  const { couldNotLook } = look
  return {
    snapshot: {
      ...app,
      ...(route === undefined ? {} : { routes: route && routesOf(route, objects.services ?? []) }),
      ...(route && otherRoutes ? { overlaps: overlapsOf([route, ...otherRoutes], isOwn) } : {}),
      ...workloads,
      couldNotLook,
    },
    rules: gatewayRules(objects),
  }
}

async function lookAtObjects(
  api: KubeApi,
  app: ObjectRef,
  services: Promise<Service[] | undefined>,
  look: Look,
): Promise<GatewaySnapshot> {
  const { name, namespace } = app
  const isInstalled = await look.at('the Gateway API', isKnown(api, HTTP_ROUTES))
  const release = look.at('the release of the Gateway API', installedRelease(api))
  if (isInstalled === false) return { isInstalled }
  const all = async (what: string, resource: Parameters<KubeApi['list']>[0]['resource']) =>
    (await look.at(what, api.list({ resource })))?.items
  const [routes, gateways, classes, grants, home] = await Promise.all([
    all('HTTPRoutes of other namespaces', HTTP_ROUTES),
    all('Gateways', GATEWAYS),
    all('GatewayClasses', GATEWAY_CLASSES),
    all('ReferenceGrants', REFERENCE_GRANTS),
    look.at('the namespace', api.find({ resource: NAMESPACES, name: namespace })),
  ])
  const route = routes
    ? (routes.find((one) => isSame(one, app)) ?? null)
    : await look.at('the HTTPRoute', findOrNull(api, { resource: HTTP_ROUTES, namespace, name }))
  return {
    isInstalled,
    route,
    otherRoutes: routes?.filter((one) => !isSame(one, app)),
    gateways,
    classes,
    grants,
    namespaceLabels: home && (home.metadata.labels ?? {}),
    services: await services,
    release: await release,
  }
}

function isSame({ metadata }: RoutingObject, { name, namespace }: ObjectRef): boolean {
  return metadata.name === name && metadata.namespace === namespace
}

async function listServices(api: KubeApi, namespace: string): Promise<Service[]> {
  return (await api.list<Service>({ resource: SERVICES, namespace })).items
}

/** The name of a version's Service, by the chart's label. */
function serviceFor({ name }: ObjectRef, version: string, services: Service[]): string | undefined {
  return services.find(
    ({ metadata: { labels = {} } }) =>
      labels['app.kubernetes.io/instance'] === name && labels['app.kubernetes.io/version'] === version,
  )?.metadata.name
}

/** The HTTPRoute in words that all providers share: a route for each match. */
function routesOf(route: RoutingObject, services: Service[]): SnapshotRoutes {
  return {
    kind: route.kind,
    ...refOf(route),
    routes: list(record(route.spec).rules).flatMap((rule): SnapshotRoute[] => {
      const destinations = list(rule.backendRefs).map((ref) => destinationOf(ref, route, services))
      return matchersOf(rule).map(({ path, headers }) => ({
        match: path.kind,
        path: path.text,
        headers: headers.map(({ name, value = '', regex }) => ({ name, value, regex })),
        destinations,
        hasAction:
          destinations.length > 0 || list(rule.filters).some(({ requestRedirect }) => requestRedirect),
      }))
    }),
  }
}

function destinationOf(
  { name, namespace, weight }: Record<string, unknown>,
  route: RoutingObject,
  services: Service[],
): SnapshotDestination {
  const backend = { name: text(name) ?? '', namespace: text(namespace) ?? refOf(route).namespace }
  const service = services.find(({ metadata }) => metadata.name === backend.name)
  const version = service?.metadata.labels?.['app.kubernetes.io/version']
  return { backend, ...(version === undefined ? {} : { version }), weight: number(weight) ?? 1 }
}
