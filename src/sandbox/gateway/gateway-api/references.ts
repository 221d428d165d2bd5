import type { KubeObject } from '../../api-server/objects.js'
import type { BadReference } from './findings.js'

/** Where references are looked up. */
export interface ReferenceSource {
  grants: KubeObject[]
  service(namespace: string, name: string): KubeObject | undefined
  /** Whether an EndpointSlice belongs to a Service, and whether one of its endpoints is ready. */
  endpoints(namespace: string, name: string): { hasSlice: boolean; hasReady: boolean }
}

export interface Target {
  namespace: string
  name: string
  port: number
}

/** The target of a route's reference to a Service, or why it has none. */
export function resolveReference(
  { group = '', kind = 'Service', namespace: wanted, name, port }: any,
  namespace: string,
  source: ReferenceSource,
  needsSlices: boolean,
): Target | Pick<BadReference, 'why' | 'kind' | 'namespace' | 'name' | 'port'> {
  const target = { kind, namespace: wanted ?? namespace, name, port }
  if (group !== '' || kind !== 'Service') return { why: 'kind', ...target }
  const from = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace }
  if (target.namespace !== namespace && !isGranted(from, target, source.grants))
    return { why: 'grant', ...target }
  const service = source.service(target.namespace, name as string)
  if (!service) return { why: 'service', ...target }
  if (!service.spec.ports?.some((one: any) => one.port === port)) return { why: 'port', ...target }
  if (needsSlices && !source.endpoints(target.namespace, name as string).hasSlice)
    return { why: 'slice', ...target }
  return target
}

/** Whether a ReferenceGrant in the target's namespace allows a reference. */
function isGranted(
  from: { group: string; kind: string; namespace: string },
  to: { kind: string; namespace: string; name: string },
  grants: KubeObject[],
): boolean {
  return grants.some(
    ({ metadata, spec }) =>
      metadata.namespace === to.namespace &&
      spec.from.some(
        (one: any) => one.group === from.group && one.kind === from.kind && one.namespace === from.namespace,
      ) &&
      spec.to.some(
        (one: any) =>
          (one.group ?? '') === '' &&
          one.kind === to.kind &&
          (one.name === undefined || one.name === to.name),
      ),
  )
}
