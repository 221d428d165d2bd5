import type { KubeObject } from '../objects.js'
import { RESOURCES } from '../resources.js'
import type { ObjectStore } from '../store.js'

const FIRST_NODE_PORT = 30_000

/** Assigns a Service's cluster IP, and node ports if its type has them. Nothing listens there: they are only names. */
export function allocateServiceAddress(store: ObjectStore, service: KubeObject): void {
  const { spec } = service
  if (spec.type === 'ExternalName') return
  const others = store.list(RESOURCES.services)
  spec.clusterIP ??= firstFree(addresses(), new Set(others.map((other) => other.spec?.clusterIP as unknown)))
  spec.clusterIPs ??= [spec.clusterIP]
  spec.ipFamilies ??= ['IPv4']
  spec.ipFamilyPolicy ??= 'SingleStack'
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return
  const taken = new Set(others.flatMap((other) => nodePorts(other)))
  for (const port of spec.ports ?? []) {
    port.nodePort ??= firstFree(integersFrom(FIRST_NODE_PORT), taken)
    taken.add(port.nodePort as unknown)
  }
}

function nodePorts(service: KubeObject): unknown[] {
  return ((service.spec?.ports ?? []) as { nodePort?: number }[]).map(({ nodePort }) => nodePort)
}

function firstFree<T>(candidates: Iterable<T>, taken: Set<unknown>): T {
  for (const candidate of candidates) if (!taken.has(candidate)) return candidate
  throw new Error('candidates never end')
}

/** 10.96.0.10, 10.96.0.11, … (Kubernetes' usual service range is 10.96.0.0/12). */
function* addresses(): Generator<string> {
  for (const number of integersFrom(10)) yield `10.96.${number >> 8}.${number & 255}`
}

function* integersFrom(first: number): Generator<number> {
  for (let number = first; ; number++) yield number
}
