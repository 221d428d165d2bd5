import { canaryCommand, commented, kubectlCommand } from '../../model/command-line.js'
import { unlessForbidden } from '../../cluster/kube/api-errors.js'
import type { KubeApi } from '../../cluster/kube/kube-api.js'
import type { Target } from '../../cluster/kube/kube-types.js'
import type { ObjectRef } from '../../model/results/diagnosis.js'
import { conflictRemedy, type DomainConflict } from '../../model/results/overlaps.js'
import type { JsonObject } from '../../model/values.js'
import { record, text } from '../fields.js'
import type {
  Certificate,
  MissingAttachment,
  RouteConflicts,
  RoutesOfChange,
  RoutesView,
} from '../provider.js'
import { createVirtualService } from './attachment.js'
import { ROUTE_TABLE, ROUTE_TABLES, VIRTUAL_SERVICE, VIRTUAL_SERVICES } from './kinds.js'
import { domainsOf, glooObjects, type GlooObject, type GlooRoutes } from './objects/gloo-object.js'
import { isOfRelease, isSameObject, refOf } from '../objects.js'
import { addedDomainConflicts, domainConflicts } from './overlaps/domains.js'
import type { IsOwn } from '../matching/route-pairs.js'
import { addedOverlaps, allOverlaps } from './overlaps/overlaps.js'
import { describeDelegations, selectsApiGroup } from './objects/selection.js'
import { GLOO_NAMESPACE, sharedVirtualService } from './shared-virtual-service.js'
import { tlsSecretOf } from './objects/tls.js'

/** VirtualServices and RouteTables of the cluster; of gloo-system only, or none, if the user may not read more. */
export async function readRoutes(api: KubeApi): Promise<RoutesView> {
  const [services, tables] = await Promise.all([
    listAllowed(api, [
      { resource: VIRTUAL_SERVICES },
      { resource: VIRTUAL_SERVICES, namespace: GLOO_NAMESPACE },
    ]),
    listAllowed(api, [{ resource: ROUTE_TABLES }]),
  ])
  return new GlooView(
    { virtualServices: services.items, routeTables: tables.items },
    [...(services.isAll ? [] : ['VirtualServices']), ...(tables.isAll ? [] : ['RouteTables'])],
    (apiGroup) => createVirtualService(api, apiGroup),
  )
}

/** The first of the collections that the user may read; empty without one. */
async function listAllowed(
  api: KubeApi,
  targets: Target[],
): Promise<{ items: GlooObject[]; isAll: boolean }> {
  for (const [index, target] of targets.entries()) {
    const found = await unlessForbidden(api.list(target))
    if (found) return { items: found.items, isAll: index === 0 }
  }
  return { items: [], isAll: false }
}

export class GlooView implements RoutesView {
  constructor(
    private readonly routes: GlooRoutes,
    readonly hidden: string[],
    private readonly createShared: (apiGroup: string) => Promise<void>,
  ) {}

  conflicts(): RouteConflicts {
    return { overlaps: allOverlaps(this.routes), domains: domainConflicts(this.routes.virtualServices) }
  }

  addedConflicts({ app, before, after, creates }: RoutesOfChange): RouteConflicts {
    const [old, made] = [before, after].map((objects) => glooObjects(objects, app.namespace)) as [
      GlooObject[],
      GlooObject[],
    ]
    const own = [...old, ...made]
    const isOwn: IsOwn = (object) => isOfRelease(object, app) || own.some((one) => isSameObject(one, object))
    const around = (objects: GlooObject[]): GlooRoutes => ({
      virtualServices: [
        ...this.routes.virtualServices.filter((one) => !isOwn(one)),
        ...ofKind(objects, VIRTUAL_SERVICE.kind),
      ],
      routeTables: [
        ...this.routes.routeTables.filter((one) => !isOwn(one)),
        ...ofKind(objects, ROUTE_TABLE.kind),
      ],
    })
    const [then, now] = [around(old), around(made)]
    if (creates) now.virtualServices.push(...glooObjects([creates], app.namespace))
    return {
      overlaps: addedOverlaps(then, now, isOwn),
      domains: addedDomainConflicts(then.virtualServices, now.virtualServices),
    }
  }

  explainConflict(conflict: DomainConflict, { app, creates }: { app: string; creates: boolean }) {
    const there = this.routes.virtualServices.filter(({ metadata }) =>
      conflict.attachments.some(
        ({ name, namespace }) => metadata.name === name && metadata.namespace === namespace,
      ),
    )
    return {
      details: there.map((service) => `${nameOf(service)} exists, and ${describeDelegations(service)}`),
      nextSteps: creates
        ? [
            ...there.map(({ metadata: { name, namespace } }) =>
              commented(
                kubectlCommand(['edit', 'virtualservice', name], namespace),
                `add a route that delegates to the app's apiGroup`,
              ),
            ),
            commented(
              canaryCommand(['install', app, 'VERSION', '--api-group', 'GROUP']),
              'with the apiGroup it delegates to',
            ),
            'or give the app domains of its own: routes.virtualService.domains in its values',
          ]
        : conflictRemedy(conflict),
    }
  }

  certificates(objects: JsonObject[], namespace: string): Certificate[] {
    const own = glooObjects(objects, namespace)
    const tables = ofKind(own, ROUTE_TABLE.kind)
    const others = this.routes.virtualServices.filter(
      (one) =>
        !own.some((other) => isSameObject(one, other)) &&
        tables.some(({ metadata: { labels = {}, name } }) => selectsApiGroup(one, labels, namespace, name)),
    )
    const users = [
      ...ofKind(own, VIRTUAL_SERVICE.kind).map((service) => ({ service, isOwn: true })),
      ...others.map((service) => ({ service, isOwn: false })),
    ]
    return users.flatMap(({ service, isOwn }) => {
      const secret = tlsSecretOf(service)
      return secret ? [{ secret, user: nameOf(service), isOwn }] : []
    })
  }

  missingAttachment(
    { namespace }: ObjectRef,
    values: JsonObject,
    command: string,
  ): MissingAttachment | undefined {
    const routes = record(values.routes)
    if (typeof routes.virtualService === 'object' && routes.virtualService !== null) return undefined
    const apiGroup = text(routes.apiGroup) ?? ''
    const { virtualServices } = this.routes
    if (virtualServices.some((one) => selectsApiGroup(one, { apiGroup }, namespace))) return undefined
    const shared = sharedVirtualService(apiGroup)
    return {
      problem: `No VirtualService selects routes of apiGroup ${apiGroup}`,
      details: virtualServices.map(
        (one) => `${nameOf(one)} (domains ${domainsOf(one).join(', ')}) ${describeDelegations(one)}`,
      ),
      nextSteps: [
        commented(`${command} --with-virtual-service`, `creates VirtualService app in ${GLOO_NAMESPACE}`),
        'or name a selected apiGroup with --api-group',
      ],
      make: {
        object: shared,
        question: `Create one (app in ${GLOO_NAMESPACE}, for all domains)?`,
        isTaken: addedDomainConflicts(virtualServices, [...virtualServices, shared]).length > 0,
        create: async () => {
          await this.createShared(apiGroup)
          return `created VirtualService app in ${GLOO_NAMESPACE}: it delegates to every RouteTable of apiGroup ${apiGroup}`
        },
      },
    }
  }

  detached({ name: app, namespace }: ObjectRef, before: JsonObject[], after: JsonObject[]) {
    const [old, labels] = [tableLabels(before, namespace), tableLabels(after, namespace)]
    if (labels.apiGroup === undefined || labels.apiGroup === old.apiGroup) return undefined
    if (this.routes.virtualServices.some((one) => selectsApiGroup(one, labels, namespace))) return undefined
    return {
      problem: `No VirtualService selects routes of apiGroup ${labels.apiGroup}: requests would no longer reach ${app}`,
      remedy: 'first create a VirtualService that selects it, or keep routes.apiGroup',
    }
  }
}

function ofKind(objects: GlooObject[], kind: string): GlooObject[] {
  return objects.filter((object) => object.kind === kind)
}

/** `VirtualService shop/web`. */
function nameOf(object: GlooObject): string {
  const { namespace, name } = refOf(object)
  return `${object.kind} ${namespace}/${name}`
}

function tableLabels(objects: JsonObject[], namespace: string): Record<string, string> {
  const [table] = ofKind(glooObjects(objects, namespace), ROUTE_TABLE.kind)
  return table?.metadata.labels ?? {}
}
