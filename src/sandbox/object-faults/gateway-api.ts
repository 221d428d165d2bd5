import type { KubeObject } from '../api-server/objects.js'
import type { OrderedFault } from '../faults.js'
import { RESOURCES } from '../api-server/resources.js'
import { CHANNEL_ANNOTATION, VERSION_ANNOTATION } from '../api-server/schema/gateway-api-types.js'
import { GATEWAY_API_KINDS } from '../gateway/gateway-api/infrastructure.js'
import { all, type Edits, type Undo } from './edits.js'

const DEFAULT_PORT = 8080
const NEIGHBOUR = 'neighbour'
const RIVAL = 'rival'
const ELSEWHERE = 'elsewhere'
/** Older than anything in the sandbox. */
const LONG_AGO = '2020-01-01T00:00:00Z'
const { gatewayclasses, gateways, httproutes, referencegrants, services } = RESOURCES

/** Applies a fault to the Gateway API's objects; undefined for all other faults. */
export function editGatewayApi(edits: Edits, fault: OrderedFault): Undo | undefined {
  const { store } = edits
  const route = 'app' in fault ? edits.find(httproutes, fault.app) : undefined
  const editRoute = (change: (spec: any) => void) =>
    route && edits.edit(httproutes, route, ['spec'], ({ spec }) => change(spec))
  const editListeners = (change: (listener: any) => void) =>
    store.list(gateways).map((gateway) =>
      edits.edit(gateways, gateway, ['spec', 'listeners'], ({ spec }) => {
        for (const listener of spec.listeners) change(listener)
      }),
    )
  switch (fault.kind) {
    case 'no-controller':
      return renewClasses(edits)
    case 'gateway-crds':
      return editDefinitions(edits, `v${fault.release}.0`, fault.channel ?? 'standard')
    case 'missing-gateway':
      return edits.removeAll(gateways, store.list(gateways))
    case 'port-taken':
      return takePorts(edits)
    case 'listener-closed':
      return all(
        editListeners((listener) => {
          listener.allowedRoutes = { ...listener.allowedRoutes, namespaces: { from: 'Same' } }
        }),
      )
    case 'wrong-section':
      return editRoute((spec) => {
        for (const ref of spec.parentRefs ?? []) ref.sectionName = 'nosuch'
      })
    case 'hostnames-apart': {
      const changed = editRoute((spec) => {
        spec.hostnames = ['app.elsewhere.example']
      })
      return changed && all([changed, ...editListeners((listener) => (listener.hostname = '*.example.com'))])
    }
    case 'rival-route':
      return route && addRival(edits, route)
    case 'missing-grant': {
      const changed = editRoute((spec) => {
        for (const { backendRefs = [] } of spec.rules)
          for (const ref of backendRefs) ref.namespace = ELSEWHERE
      })
      return changed && all([changed, edits.removeAll(referencegrants, store.list(referencegrants))])
    }
    case 'missing-service': {
      const service = serviceOf(edits, fault)
      return edits.removeAll(services, service ? [service] : [])
    }
    case 'no-endpoints': {
      const service = serviceOf(edits, fault)
      return (
        service &&
        edits.edit(services, service, ['spec', 'selector'], ({ spec }) => {
          spec.selector = { ...spec.selector, nobody: 'has-this' }
        })
      )
    }
    case 'wrong-backend-port':
      return editRoute((spec) => {
        for (const { backendRefs = [] } of spec.rules)
          for (const ref of backendRefs) ref.port = fault.port ?? DEFAULT_PORT
      })
    case 'bad-regex':
      return editRoute((spec) => {
        const path = { type: 'RegularExpression', value: `/${fault.app}/(` }
        spec.rules.push({ ...structuredClone(spec.rules[0]), matches: [{ path }] })
      })
    case 'mirror-to-nowhere':
      return editRoute((spec) => {
        const backendRef = { group: '', kind: 'Service', name: `${fault.app}-nosuch`, port: 80 }
        const mirror = { type: 'RequestMirror', requestMirror: { backendRef } }
        for (const rule of spec.rules) rule.filters = [...(rule.filters ?? []), mirror]
      })
    case 'bad-neighbour':
      return addNeighbour(edits, [
        { matches: [{ path: { type: 'RegularExpression', value: '/neighbour(' } }] },
      ])
    case 'neighbour-weights':
      return addNeighbour(edits, [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/neighbour' } }],
          backendRefs: [{ name: NEIGHBOUR, port: 80, weight: 0 }],
        },
      ])
    default:
      return undefined
  }
}

/** The Service of one version, by the labels it selects. */
function serviceOf(
  { store }: Edits,
  { app, version }: { app: string; version: string },
): KubeObject | undefined {
  return store.list(services).find(({ metadata, spec }) => {
    const selector = spec.selector ?? {}
    const isOfApp = metadata.name.startsWith(`${app}-`) || selector.app === app
    return isOfApp && Object.values(selector as object).includes(version)
  })
}

/** GatewayClasses as right after their creation: not accepted yet. */
function renewClasses({ store }: Edits): Undo {
  for (const one of store.list(gatewayclasses)) {
    const pending = {
      type: 'Accepted',
      status: 'Unknown',
      reason: 'Pending',
      message: 'Waiting for controller',
    }
    const conditions = [{ ...pending, lastTransitionTime: '1970-01-01T00:00:00Z' }]
    store.update(gatewayclasses, { ...one, status: { conditions } })
  }
  return () => undefined // the controller that runs again accepts them
}

function editDefinitions({ store }: Edits, version: string, channel: string): Undo {
  const definitions = RESOURCES.customresourcedefinitions
  const annotate = (annotations: Record<string, string>) => {
    for (const { plural, group } of GATEWAY_API_KINDS) {
      const one = store.get(definitions, undefined, `${plural}.${group}`)
      if (one)
        store.update(definitions, {
          ...one,
          metadata: { ...one.metadata, annotations: { ...one.metadata.annotations, ...annotations } },
        })
    }
  }
  const { plural, group } = GATEWAY_API_KINDS[0]!
  const before = store.get(definitions, undefined, `${plural}.${group}`)?.metadata.annotations
  annotate({ [VERSION_ANNOTATION]: version, [CHANNEL_ANNOTATION]: channel })
  return () => annotate({ ...before })
}

function takePorts(edits: Edits): Undo {
  return all(
    edits.store
      .list(gateways)
      .map(({ metadata, spec }) =>
        edits.add(
          gateways,
          { name: `${metadata.name}-rival`, namespace: RIVAL, creationTimestamp: LONG_AGO },
          { gatewayClassName: spec.gatewayClassName, listeners: spec.listeners },
        ),
      ),
  )
}

/** An HTTPRoute with all matches of another, and other backends. */
function addRival(edits: Edits, { metadata, spec }: KubeObject): Undo {
  const requestRedirect = { hostname: 'rival.example.com', statusCode: 302 }
  return edits.add(
    httproutes,
    { name: `${metadata.name}-rival`, namespace: RIVAL, creationTimestamp: LONG_AGO },
    {
      parentRefs: (spec.parentRefs as any[]).map((ref) => ({
        ...ref,
        namespace: ref.namespace ?? metadata.namespace,
      })),
      ...(spec.hostnames ? { hostnames: spec.hostnames } : {}),
      rules: (spec.rules as any[]).map(({ matches }) => ({
        matches,
        filters: [{ type: 'RequestRedirect', requestRedirect }],
      })),
    },
  )
}

/** Another team's HTTPRoute on the same Gateways; none without a Gateway. */
function addNeighbour(edits: Edits, rules: object[]): Undo | undefined {
  const parentRefs = edits.store
    .list(gateways)
    .map(({ metadata: { name, namespace } }) => ({ name, namespace }))
  if (parentRefs.length === 0) return undefined
  return edits.add(httproutes, { name: 'neighbour-routes', namespace: NEIGHBOUR }, { parentRefs, rules })
}
