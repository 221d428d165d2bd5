import { isDeepStrictEqual } from 'node:util'
import { ConflictError } from '../model/errors.js'
import { ApiError } from './api-errors.js'
import type { ClusterObject, GatewayView } from './cluster.js'
import type { KubeApi } from './kube-api.js'
import { ROUTE_TABLES, VIRTUAL_SERVICES, type Target } from './kube-types.js'

/** Where Gloo and its proxy are. */
export const GLOO_NAMESPACE = 'gloo-system'
/** Name of the VirtualService that the seed's procedure makes. */
const VIRTUAL_SERVICE = 'app'

/** VirtualServices and RouteTables of the cluster; of gloo-system, or none, where the user may not read more. */
export async function gatewayView(api: KubeApi): Promise<GatewayView> {
  const [virtualServices, routeTables] = await Promise.all([
    listAllowed(api, [
      { resource: VIRTUAL_SERVICES },
      { resource: VIRTUAL_SERVICES, namespace: GLOO_NAMESPACE },
    ]),
    listAllowed(api, [{ resource: ROUTE_TABLES }]),
  ])
  return { virtualServices, routeTables }
}

/** The first of the collections that the user may read; empty where that is none. */
async function listAllowed(api: KubeApi, targets: Target[]): Promise<ClusterObject[]> {
  for (const target of targets) {
    try {
      return (await api.list(target)).items
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 403)) throw error
    }
  }
  return []
}

/**
 * Creates the seed's VirtualService: every domain, every path, delegated to the RouteTables of all namespaces with this
 * apiGroup label. Throws ConflictError where one of that name is there already.
 */
export async function createVirtualService(api: KubeApi, apiGroup: string): Promise<void> {
  const virtualService = {
    apiVersion: VIRTUAL_SERVICES.apiVersion,
    kind: 'VirtualService',
    metadata: { name: VIRTUAL_SERVICE, namespace: GLOO_NAMESPACE },
    spec: {
      virtualHost: {
        domains: ['*'],
        routes: [
          {
            matchers: [{ prefix: '/' }],
            delegateAction: { selector: { labels: { apiGroup }, namespaces: ['*'] } },
          },
        ],
      },
    },
  }
  try {
    await api.create({ resource: VIRTUAL_SERVICES, namespace: GLOO_NAMESPACE }, virtualService)
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === 'AlreadyExists')) throw error
    // Somebody else made it at the same moment, for another app of a run perhaps.
    const target = { resource: VIRTUAL_SERVICES, namespace: GLOO_NAMESPACE, name: VIRTUAL_SERVICE }
    const found = await api.find<typeof virtualService>(target)
    if (found && isDeepStrictEqual(found.spec?.virtualHost?.routes, virtualService.spec.virtualHost.routes))
      return
    throw new ConflictError(
      `VirtualService ${VIRTUAL_SERVICE} is there already in ${GLOO_NAMESPACE}, and does not select apiGroup ${apiGroup}.`,
      {
        state: 'It was left as it is.',
        nextSteps: [
          `kubectl edit virtualservice ${VIRTUAL_SERVICE} -n ${GLOO_NAMESPACE}    (add a route that selects apiGroup: ${apiGroup})`,
          'or give the app, by routes.apiGroup in its values, an apiGroup that a VirtualService selects already',
        ],
        cause: error,
      },
    )
  }
}

interface Delegation {
  selector?: {
    labels?: Record<string, string>
    expressions?: { key: string; operator?: string; values?: string[] }[]
    namespaces?: string[]
  }
  ref?: { name: string; namespace: string }
  name?: string
  namespace?: string
}

/**
 * Whether a route of the VirtualService delegates to a RouteTable with these labels in this namespace, as Gloo selects
 * (route_table_selector.go): by labels or by expressions; without namespaces in the VirtualService's own, `*` means all.
 * With the table's name, a delegation that names the table counts too.
 */
export function selectsApiGroup(
  virtualService: ClusterObject,
  labels: Record<string, string>,
  namespace: string,
  name?: string,
): boolean {
  const { virtualHost } = (virtualService.spec ?? {}) as {
    virtualHost?: { routes?: { delegateAction?: Delegation }[] }
  }
  return (virtualHost?.routes ?? []).some(({ delegateAction }) => {
    if (!delegateAction) return false
    const { selector, ref = delegateAction } = delegateAction
    if (!selector) return name !== undefined && ref.name === name && ref.namespace === namespace
    const { namespaces = [], labels: wanted = {}, expressions = [] } = selector
    const inScope =
      namespaces.length === 0
        ? virtualService.metadata.namespace === namespace
        : namespaces.includes('*') || namespaces.includes(namespace)
    if (!inScope) return false
    return Object.keys(wanted).length > 0
      ? Object.entries(wanted).every(([key, value]) => labels[key] === value)
      : expressions.every((expression) => fulfils(labels, expression))
  })
}

function fulfils(
  labels: Record<string, string>,
  { key, operator = 'Equals', values = [] }: { key: string; operator?: string; values?: string[] },
): boolean {
  const value = labels[key]
  const among = value !== undefined && values.includes(value)
  switch (operator) {
    case 'Equals':
    case 'DoubleEquals':
    case 'In':
      return among
    case 'NotEquals':
    case 'NotIn':
      return !among
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'GreaterThan':
      return Number(value) > Number(values[0])
    case 'LessThan':
      return Number(value) < Number(values[0])
    default:
      return false // Gloo refuses any other word
  }
}
