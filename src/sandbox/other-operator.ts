import type { KubeObject, ResourceType } from './api-server/objects.js'
import { RESOURCES } from './api-server/resources.js'
import { now, type ObjectStore } from './api-server/store.js'
import type { FaultRegistry, OrderedFault } from './faults.js'

/** Takes back what was done; what others have changed since stays. */
type Undo = () => void

const DEFAULT_PORT = 8080
/** Sorts before the app's own: Gloo takes the first namespace's table where two claim a path. */
const RIVAL_NAMESPACE = 'aaa-rival'
const NEIGHBOUR = 'neighbour'

/**
 * Somebody with kubectl and other things in mind: carries out the faults that are changes of objects, at once, and takes
 * them back when the fault ends.
 */
export class OtherOperator {
  private readonly done = new Map<number, Undo>()
  private readonly unsubscribe: () => void

  constructor(
    private readonly store: ObjectStore,
    private readonly faults: FaultRegistry,
  ) {
    this.unsubscribe = faults.subscribe(() => this.look())
  }

  close(): void {
    this.unsubscribe()
  }

  private look(): void {
    const inForce = this.faults.list()
    for (const [id, undo] of this.done) {
      if (inForce.some((fault) => fault.id === id)) continue
      this.done.delete(id)
      undo()
    }
    for (const fault of inForce) {
      if (this.done.has(fault.id)) continue
      const undo = this.carryOut(fault)
      if (undo) this.done.set(fault.id, undo)
    }
  }

  /** Undefined for faults that are none of a colleague's. */
  private carryOut(fault: OrderedFault): Undo | undefined {
    switch (fault.kind) {
      case 'no-virtual-service':
        return this.removeAll(RESOURCES.virtualservices, this.store.list(RESOURCES.virtualservices))
      case 'parent-prefix':
        return all(
          this.store.list(RESOURCES.virtualservices).map((service) =>
            this.edit(RESOURCES.virtualservices, service, ['spec', 'virtualHost'], (object) => {
              for (const route of object.spec.virtualHost?.routes ?? [])
                if (route.delegateAction) route.matchers = [{ prefix: fault.prefix }]
            }),
          ),
        )
      case 'wrong-service-port': {
        const upstream = this.find(RESOURCES.upstreams, fault.app)
        return (
          upstream &&
          this.edit(RESOURCES.upstreams, upstream, ['spec', 'kube'], (object) => {
            object.spec.kube.servicePort = fault.port ?? DEFAULT_PORT
          })
        )
      }
      case 'missing-upstream': {
        const upstream = this.find(RESOURCES.upstreams, fault.app)
        return this.removeAll(RESOURCES.upstreams, upstream ? [upstream] : [])
      }
      case 'rejected-table': {
        const table = this.find(RESOURCES.routetables, `${fault.app}-routes`)
        return (
          table &&
          this.edit(RESOURCES.routetables, table, ['spec', 'routes'], (object) => {
            object.spec.routes.push({ matchers: [{ prefix: `/${fault.app}/broken` }] })
          })
        )
      }
      case 'rival-table': {
        const table = this.find(RESOURCES.routetables, `${fault.app}-routes`)
        return this.add(RIVAL_NAMESPACE, `${fault.app}-rival`, table?.metadata.labels, [
          {
            matchers: [{ prefix: `/${fault.app}` }],
            directResponseAction: { status: 200, body: 'the rival\n' },
          },
        ])
      }
      case 'bad-neighbour':
        return this.add(NEIGHBOUR, 'neighbour-routes', this.delegatedLabels(), [
          {
            matchers: [{ prefix: '/neighbour', headers: [{ name: 'x-team', value: '(?=a)', regex: true }] }],
            directResponseAction: { status: 200, body: 'the neighbour\n' },
          },
        ])
      case 'neighbour-weights':
        return this.add(NEIGHBOUR, 'neighbour-routes', this.delegatedLabels(), [
          {
            matchers: [{ prefix: '/neighbour' }],
            routeAction: {
              multi: {
                destinations: [
                  { destination: { upstream: { name: 'neighbour', namespace: NEIGHBOUR } }, weight: 0 },
                ],
              },
            },
          },
        ])
      default:
        return undefined
    }
  }

  /** Labels by which a RouteTable is delegated to. */
  private delegatedLabels(): Record<string, string> {
    for (const { spec } of this.store.list(RESOURCES.virtualservices))
      for (const { delegateAction } of spec.virtualHost?.routes ?? [])
        if (delegateAction?.selector?.labels) return delegateAction.selector.labels
    return { apiGroup: 'example' }
  }

  private find(resource: ResourceType, name: string): KubeObject | undefined {
    return this.store.list(resource).find(({ metadata }) => metadata.name === name)
  }

  private add(
    namespace: string,
    name: string,
    labels: Record<string, string> | undefined,
    routes: object[],
  ): Undo {
    const { store } = this
    if (!store.get(RESOURCES.namespaces, undefined, namespace)) {
      store.create(RESOURCES.namespaces, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespace },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      })
    }
    const { group, version, kind } = RESOURCES.routetables
    store.create(RESOURCES.routetables, {
      apiVersion: `${group}/${version}`,
      kind,
      metadata: { name, namespace, labels: { ...labels } },
      spec: { routes },
    })
    return () => {
      store.delete(RESOURCES.routetables, namespace, name)
      store.delete(RESOURCES.namespaces, undefined, namespace)
    }
  }

  private removeAll(resource: ResourceType, objects: KubeObject[]): Undo {
    const { store } = this
    for (const { metadata } of objects) store.delete(resource, metadata.namespace, metadata.name)
    return () => {
      for (const object of objects) {
        const { name, namespace } = object.metadata
        if (store.get(resource, namespace, name)) continue
        const { resourceVersion: _version, ...metadata } = object.metadata
        store.create(resource, { ...object, metadata })
      }
    }
  }

  /** Edits an object as `kubectl edit` would; taken back, the part of it at `path` is what it was before. */
  private edit(
    resource: ResourceType,
    { metadata }: KubeObject,
    path: string[],
    change: (object: KubeObject) => void,
  ): Undo {
    const write = (edited: (object: KubeObject) => void) => {
      const current = this.store.get(resource, metadata.namespace, metadata.name)
      if (!current) return
      const object = structuredClone(current)
      edited(object)
      this.store.update(resource, object)
    }
    let before: unknown
    let after: string | undefined
    write((object) => {
      before = structuredClone(valueAt(object, path))
      change(object)
      after = JSON.stringify(valueAt(object, path))
      signed(object, path)
    })
    return () =>
      write((object) => {
        if (JSON.stringify(valueAt(object, path)) !== after) return
        valueAt(object, path.slice(0, -1))[path.at(-1)!] = before
        const { managedFields = [] } = object.metadata
        object.metadata.managedFields = managedFields.filter(({ manager }: any) => manager !== MANAGER)
      })
  }
}

const MANAGER = 'kubectl-edit'

/** The mark that an edit leaves: who manages the part at `path`. */
function signed(object: KubeObject, path: string[]): void {
  const fields = path.reduceRight<object>((inner, key) => ({ [`f:${key}`]: inner }), {})
  object.metadata.managedFields = [
    ...(object.metadata.managedFields ?? []),
    {
      manager: MANAGER,
      operation: 'Update',
      apiVersion: object.apiVersion,
      time: now(),
      fieldsType: 'FieldsV1',
      fieldsV1: fields,
    },
  ]
}

function valueAt(object: any, path: string[]): any {
  return path.reduce((value, key) => value?.[key], object)
}

function all(undos: Undo[]): Undo {
  return () => {
    for (const undo of undos) undo()
  }
}
