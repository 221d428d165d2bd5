import type { OrderedFault } from '../faults.js'
import { RESOURCES } from '../api-server/resources.js'
import { all, type Edits, type Undo } from './edits.js'

const DEFAULT_PORT = 8080
/** Sorts before the app's own: Gloo uses the first namespace's table if two claim a path. */
const RIVAL_NAMESPACE = 'aaa-rival'
const NEIGHBOUR = 'neighbour'
const { virtualservices, routetables, upstreams } = RESOURCES

/** Applies a fault to Gloo's objects; undefined for all other faults. */
export function editGloo(edits: Edits, fault: OrderedFault): Undo | undefined {
  const services = edits.store.list(virtualservices)
  switch (fault.kind) {
    case 'no-virtual-service':
      return edits.removeAll(virtualservices, services)
    case 'parent-prefix':
      return all(
        services.map((service) =>
          edits.edit(virtualservices, service, ['spec', 'virtualHost'], (object) => {
            for (const route of object.spec.virtualHost?.routes ?? [])
              if (route.delegateAction) route.matchers = [{ prefix: fault.prefix }]
          }),
        ),
      )
    case 'wrong-service-port': {
      const upstream = edits.find(upstreams, fault.app)
      return (
        upstream &&
        edits.edit(upstreams, upstream, ['spec', 'kube'], (object) => {
          object.spec.kube.servicePort = fault.port ?? DEFAULT_PORT
        })
      )
    }
    case 'missing-upstream': {
      const upstream = edits.find(upstreams, fault.app)
      return edits.removeAll(upstreams, upstream ? [upstream] : [])
    }
    case 'rejected-table': {
      const table = edits.find(routetables, `${fault.app}-routes`)
      return (
        table &&
        edits.edit(routetables, table, ['spec', 'routes'], (object) => {
          object.spec.routes.push({ matchers: [{ prefix: `/${fault.app}/broken` }] })
        })
      )
    }
    case 'rival-table': {
      const labels = edits.find(routetables, `${fault.app}-routes`)?.metadata.labels
      const routes = [
        {
          matchers: [{ prefix: `/${fault.app}` }],
          directResponseAction: { status: 200, body: 'the rival\n' },
        },
      ]
      return addTable(edits, RIVAL_NAMESPACE, `${fault.app}-rival`, labels, routes)
    }
    case 'bad-neighbour':
      return addNeighbour(edits, {
        matchers: [{ prefix: '/neighbour', headers: [{ name: 'x-team', value: '(?=a)', regex: true }] }],
        directResponseAction: { status: 200, body: 'the neighbour\n' },
      })
    case 'neighbour-weights':
      return addNeighbour(edits, {
        matchers: [{ prefix: '/neighbour' }],
        routeAction: {
          multi: {
            destinations: [
              { destination: { upstream: { name: 'neighbour', namespace: NEIGHBOUR } }, weight: 0 },
            ],
          },
        },
      })
    default:
      return undefined
  }
}

/** Another team's RouteTable; undefined without Gloo. */
function addNeighbour(edits: Edits, route: object): Undo | undefined {
  const crd = `${routetables.plural}.${routetables.group}`
  if (!edits.store.get(RESOURCES.customresourcedefinitions, undefined, crd)) return undefined
  return addTable(edits, NEIGHBOUR, 'neighbour-routes', delegatedLabels(edits), [route])
}

/** The labels by which RouteTables are selected. */
function delegatedLabels({ store }: Edits): Record<string, string> {
  for (const { spec } of store.list(virtualservices))
    for (const { delegateAction } of spec.virtualHost?.routes ?? [])
      if (delegateAction?.selector?.labels) return delegateAction.selector.labels
  return { apiGroup: 'example' }
}

function addTable(
  edits: Edits,
  namespace: string,
  name: string,
  labels: Record<string, string> | undefined,
  routes: object[],
): Undo {
  return edits.add(routetables, { name, namespace, labels: { ...labels } }, { routes })
}
