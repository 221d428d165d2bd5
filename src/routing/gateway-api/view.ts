import { commented, kubectlCommand } from '../../model/command-line.js'
import { unlessForbidden } from '../../cluster/kube/api-errors.js'
import type { KubeApi } from '../../cluster/kube/kube-api.js'
import { NAMESPACES, type Resource } from '../../cluster/kube/kube-types.js'
import type { ObjectRef } from '../../model/results/diagnosis.js'
import type { JsonObject } from '../../model/values.js'
import { list, record, text, texts } from '../fields.js'
import type { IsOwn } from '../matching/route-pairs.js'
import { isOfRelease, isSameObject, type RoutingObject } from '../objects.js'
import type {
  Certificate,
  MissingAttachment,
  RouteConflicts,
  RoutesOfChange,
  RoutesView,
} from '../provider.js'
import { type Asking, askingOf, type Refusal, refusals } from './gateway/attachment.js'
import { isParent, namedListeners, notAccepted } from './gateway/gateways.js'
import { choicesAmong } from './gateway/choices.js'
import { GATEWAY_CLASSES, GATEWAYS, HTTP_ROUTE, HTTP_ROUTES } from './kinds.js'
import { addedOverlaps, allOverlaps } from './overlaps/overlaps.js'
import { type ParentRef, parentsOfValues } from './values.js'

/** HTTPRoutes, Gateways and namespaces of the cluster, as far as the user may read them. */
export async function readRoutes(api: KubeApi): Promise<RoutesView> {
  const [routes, gateways, namespaces, classes] = await Promise.all([
    listAllowed(api, HTTP_ROUTES),
    listAllowed(api, GATEWAYS),
    listAllowed(api, NAMESPACES),
    listAllowed(api, GATEWAY_CLASSES),
  ])
  return new GatewayApiView(routes, gateways, namespaces ?? [], classes ?? [])
}

/** All of the cluster; undefined if the user may not list them. */
async function listAllowed(api: KubeApi, resource: Resource): Promise<RoutingObject[] | undefined> {
  return (await unlessForbidden(api.list({ resource })))?.items
}

class GatewayApiView implements RoutesView {
  readonly hidden: string[]
  private readonly routes: RoutingObject[]

  constructor(
    routes: RoutingObject[] | undefined,
    private readonly gateways: RoutingObject[] | undefined,
    private readonly namespaces: RoutingObject[],
    private readonly classes: RoutingObject[],
  ) {
    this.routes = routes ?? []
    this.hidden = [...(routes ? [] : ['HTTPRoutes']), ...(gateways ? [] : ['Gateways'])]
  }

  /** A host belongs to no HTTPRoute alone: there are no conflicts of domains. */
  conflicts(): RouteConflicts {
    return { overlaps: allOverlaps(this.routes), domains: [] }
  }

  addedConflicts({ app, before, after }: RoutesOfChange): RouteConflicts {
    const [old, made] = [before, after].map((objects) => routesOf(objects, app.namespace)) as [
      RoutingObject[],
      RoutingObject[],
    ]
    const isOwn: IsOwn = (object) =>
      isOfRelease(object, app) || [...old, ...made].some((one) => isSameObject(one, object))
    const others = this.routes.filter((one) => !isOwn(one))
    const dated = made.map((one) => this.asItIsThere(one))
    return { overlaps: addedOverlaps([...others, ...old], [...others, ...dated], isOwn), domains: [] }
  }

  /** A route that is changed keeps its age, which decides among equal matches. */
  private asItIsThere(route: RoutingObject): RoutingObject {
    const there = this.routes.find((one) => isSameObject(one, route))
    const creationTimestamp = there?.metadata.creationTimestamp
    return creationTimestamp === undefined
      ? route
      : { ...route, metadata: { ...route.metadata, creationTimestamp } }
  }

  explainConflict() {
    return { details: [], nextSteps: [] }
  }

  certificates(objects: JsonObject[], namespace: string): Certificate[] {
    const parents = routesOf(objects, namespace).flatMap((route) => askingOf(route).parents)
    return (this.gateways ?? []).flatMap((gateway) => {
      const { metadata, spec } = gateway
      const there = metadata.namespace ?? ''
      const named = parents.filter((one) => isParent(gateway, one))
      const listeners = new Set(named.flatMap((one) => namedListeners(gateway, one).map(({ name }) => name)))
      return list(record(spec).listeners)
        .filter(({ name }) => listeners.has(text(name) ?? ''))
        .flatMap(({ tls }) => list(record(tls).certificateRefs))
        .flatMap(({ kind = 'Secret', name, namespace: where }): Certificate[] =>
          kind === 'Secret' && typeof name === 'string'
            ? [
                {
                  secret: { name, namespace: text(where) ?? there },
                  user: `Gateway ${there}/${metadata.name}`,
                  isOwn: false,
                },
              ]
            : [],
        )
    })
  }

  missingAttachment(
    { namespace }: ObjectRef,
    values: JsonObject,
    command: string,
  ): MissingAttachment | undefined {
    const { hostnames } = record(values.routes)
    const parents = parentsOfValues(values, namespace)
    if (parents.length === 0) return this.unnamed(namespace, command)
    const refused = this.refusals({ namespace, parents, hostnames: texts(hostnames) })
    if (refused) return { problem: 'No Gateway takes the routes', ...explain(refused) }
    return this.unserved(parents)
  }

  /** All Gateways that the values name are there, and no controller works on any. */
  private unserved(parents: ParentRef[]): MissingAttachment | undefined {
    const named = (this.gateways ?? []).filter((gateway) => parents.some((one) => isParent(gateway, one)))
    const idle = named.flatMap((gateway) => {
      const className = text(record(gateway.spec).gatewayClassName)
      const why = notAccepted(
        gateway,
        this.classes.find(({ metadata }) => metadata.name === className),
      )
      return why === undefined
        ? []
        : [`Gateway ${gateway.metadata.namespace}/${gateway.metadata.name}: ${why}`]
    })
    if (idle.length === 0 || idle.length < named.length) return undefined
    return {
      problem: 'No controller works on the Gateway',
      details: idle,
      nextSteps: [
        commented(kubectlCommand(['get', 'gatewayclasses']), 'ACCEPTED is True where a controller runs'),
        'start the controller of the GatewayClass, or name another Gateway with --gateway',
      ],
    }
  }

  /** The values name no Gateway. */
  private unnamed(namespace: string, command: string): MissingAttachment {
    const choices = choicesAmong(this.gateways ?? [], namespace, { labels: this.labelsOf(namespace) })
    const open = choices.filter(({ refused }) => refused === undefined)
    return {
      problem: 'The values name no Gateway',
      details: choices.map(({ description, refused }) => refused ?? description),
      nextSteps: [
        ...open.map(({ gateway }) => `${command} --gateway ${gateway.namespace}/${gateway.name}`),
        ...(choices.length === 0
          ? [commented(kubectlCommand(['get', 'gateways', '-A']), 'lists the Gateways of the cluster')]
          : []),
        'or name it in the values: routes.gateway.name and routes.gateway.namespace',
      ],
    }
  }

  detached({ name: app, namespace }: ObjectRef, before: JsonObject[], after: JsonObject[]) {
    const [old] = routesOf(before, namespace)
    const [made] = routesOf(after, namespace)
    if (!made || !old || this.refusals(askingOf(old))) return undefined
    const refused = this.refusals(askingOf(made))
    if (!refused) return undefined
    return {
      problem: `No Gateway takes the routes: no request would reach ${app} any more: ${explain(refused).details.join('; ')}`,
      remedy: 'leave routes.gateway and routes.hostnames as they are, or change the Gateway first',
    }
  }

  private refusals(asking: Asking): Refusal[] | undefined {
    const { gateways } = this
    if (!gateways) return undefined
    return refusals(asking, { gateways, namespaceLabels: this.labelsOf(asking.namespace) })
  }

  private labelsOf(namespace: string): Record<string, string> | undefined {
    const own = this.namespaces.find(({ metadata }) => metadata.name === namespace)
    return own && (own.metadata.labels ?? {})
  }
}

function explain(refused: Refusal[]): { details: string[]; nextSteps: string[] } {
  const gateways = refused.flatMap(({ gateway }) => gateway ?? [])
  return {
    details: refused.map(({ why }) => why),
    nextSteps: [
      commented(kubectlCommand(['get', 'gateways', '-A']), 'those that are there'),
      ...gateways.map(({ metadata }) =>
        kubectlCommand(['get', 'gateway', metadata.name, '-o', 'yaml'], metadata.namespace),
      ),
      'correct routes.gateway or routes.hostnames in the values, or have the Gateway admit the app',
    ],
  }
}

/** The HTTPRoutes of a manifest; one without a namespace goes into the release's. */
function routesOf(objects: JsonObject[], namespace: string): RoutingObject[] {
  return objects.flatMap(({ kind, metadata, spec }) => {
    const { name, ...fields } = record(metadata)
    return kind === HTTP_ROUTE.kind && typeof name === 'string'
      ? [{ kind, metadata: { namespace, ...fields, name }, spec }]
      : []
  })
}
