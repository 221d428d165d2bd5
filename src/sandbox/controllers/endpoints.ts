import type { KubeObject } from '../api-server/objects.js'
import { RESOURCES } from '../api-server/resources.js'
import type { ObjectStore, StoreEvent } from '../api-server/store.js'
import { fits, isReady, referenceTo } from './owned.js'
import { keyOf, Reconciler, splitKey } from './reconciler.js'

const SERVICE_NAME = 'kubernetes.io/service-name'
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const MANAGER = 'endpointslice-controller.k8s.io'

/** Services → Endpoints and EndpointSlices, from the selected pods with an address. */
export class EndpointsController extends Reconciler {
  /**
   * @param realPort the port where another program reaches a pod's port; with it, slices have real ports, each pod a slice
   *   of its own
   */
  constructor(
    store: ObjectStore,
    private readonly realPort?: (ip: string, port: number) => number | undefined,
  ) {
    super(store)
  }

  protected keysOf({ resource, object }: StoreEvent): string[] {
    const { namespace, name } = object.metadata
    if (resource === RESOURCES.services) return [keyOf(namespace, name)]
    if (resource !== RESOURCES.pods) return []
    return this.store
      .list(RESOURCES.services, namespace)
      .map((service) => keyOf(namespace, service.metadata.name))
  }

  protected reconcile(key: string): void {
    const [namespace, name] = splitKey(key)
    const service = this.store.get(RESOURCES.services, namespace, name)
    if (!service) {
      this.store.delete(RESOURCES.endpoints, namespace, name)
      this.keepSlices(namespace, name, [])
      return
    }
    const selector = service.spec.selector
    if (!selector || Object.keys(selector).length === 0) return
    const pods = this.store
      .list(RESOURCES.pods, namespace)
      .filter((pod) => fits(pod.metadata.labels, selector) && pod.status?.podIP)
    this.writeEndpoints(
      service,
      pods.filter((pod) => !pod.metadata.deletionTimestamp),
    )
    const groups = this.realPort && pods.length > 0 ? pods.map((pod) => [pod]) : [pods]
    const slices = groups.map((group) => this.sliceOf(service, group))
    for (const slice of slices) this.write(slice)
    this.keepSlices(
      namespace,
      name,
      slices.map(({ metadata }) => metadata.name),
    )
  }

  private writeEndpoints(service: KubeObject, pods: KubeObject[]): void {
    const { name, namespace } = service.metadata
    const address = (pod: KubeObject) => ({
      ip: pod.status.podIP,
      nodeName: 'sandbox',
      targetRef: { kind: 'Pod', namespace, name: pod.metadata.name, uid: pod.metadata.uid },
    })
    const ready = pods.filter(isReady).map(address)
    const notReady = pods.filter((pod) => !isReady(pod)).map(address)
    const subset = {
      ...(ready.length > 0 ? { addresses: ready } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
      ports: targetPorts(service, pods[0]),
    }
    this.write({
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name, namespace },
      subsets: pods.length === 0 ? [] : [subset],
    })
  }

  /** Removes the other slices of a Service. */
  private keepSlices(namespace: string, service: string, names: string[]): void {
    for (const { metadata } of this.store.list(RESOURCES.endpointslices, namespace)) {
      const isOurs = metadata.labels?.[SERVICE_NAME] === service && metadata.labels[MANAGED_BY] === MANAGER
      if (isOurs && !names.includes(metadata.name))
        this.store.delete(RESOURCES.endpointslices, namespace, metadata.name)
    }
  }

  private sliceOf(service: KubeObject, pods: KubeObject[]): KubeObject {
    const { name, namespace } = service.metadata
    const [first] = pods
    const real = (port: number) => this.realPort?.(first?.status.podIP as string, port) ?? port
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: this.realPort && first ? `${name}-${first.metadata.uid!.slice(0, 8)}` : `${name}-sandbox`,
        namespace,
        labels: { [SERVICE_NAME]: name, [MANAGED_BY]: MANAGER },
        ownerReferences: [referenceTo(service)],
      },
      addressType: 'IPv4',
      endpoints: pods.map((pod) => ({
        addresses: [pod.status.podIP],
        conditions: sliceConditions(pod),
        nodeName: 'sandbox',
        targetRef: { kind: 'Pod', namespace, name: pod.metadata.name, uid: pod.metadata.uid },
      })),
      // kubectl describe expects a name for every port of a slice, even an empty one.
      ports: targetPorts(service, first).map((port) => ({ name: '', ...port, port: real(port.port) })),
    }
  }

  private write(object: KubeObject): void {
    const resource = object.kind === 'Endpoints' ? RESOURCES.endpoints : RESOURCES.endpointslices
    const { name, namespace } = object.metadata
    const current = this.store.get(resource, namespace, name)
    if (!current) this.store.create(resource, object)
    else this.store.update(resource, { ...object, metadata: { ...current.metadata, ...object.metadata } })
  }
}

function targetPorts(service: KubeObject, pod: KubeObject | undefined): { port: number }[] {
  return (service.spec.ports ?? []).map(
    (port: { name?: string; port: number; targetPort?: number | string; protocol?: string }) => ({
      ...(port.name ? { name: port.name } : {}),
      port: resolve(port.targetPort ?? port.port, pod),
      protocol: port.protocol ?? 'TCP',
    }),
  )
}

/** A terminating pod still serves, but is not ready for new requests. */
function sliceConditions(pod: KubeObject): object {
  const terminating = pod.metadata.deletionTimestamp !== undefined
  return { ready: isReady(pod), serving: isReady(pod) || terminating, terminating }
}

/** A target port by number, or by a container's name for it. */
function resolve(target: number | string, pod: KubeObject | undefined): number {
  if (typeof target === 'number') return target
  const ports = (pod?.spec.containers ?? []).flatMap(
    (container: { ports?: { name?: string; containerPort: number }[] }) => container.ports ?? [],
  )
  return ports.find((port: { name?: string }) => port.name === target)?.containerPort ?? 0
}
