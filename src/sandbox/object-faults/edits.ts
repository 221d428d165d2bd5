import type { KubeObject, ResourceType } from '../api-server/objects.js'
import { applyDefaults } from '../api-server/admission/defaults.js'
import { RESOURCES } from '../api-server/resources.js'
import { now, type ObjectStore } from '../api-server/store.js'
import { createNamespace } from '../infrastructure.js'

/** Reverts a change; what others have changed since stays. */
export type Undo = () => void

/** Changes of objects as made with kubectl, each of which can be reverted. */
export class Edits {
  constructor(readonly store: ObjectStore) {}

  find(resource: ResourceType, name: string): KubeObject | undefined {
    return this.store.list(resource).find(({ metadata }) => metadata.name === name)
  }

  /** Adds an object, and its namespace if it is missing. */
  add(type: ResourceType, { name, namespace, ...metadata }: KubeObject['metadata'], spec: object): Undo {
    const { store } = this
    const { group, version, kind } = type // the store's listeners know a type by its identity
    const isNew = namespace !== undefined && !store.get(RESOURCES.namespaces, undefined, namespace)
    if (isNew) createNamespace(store, namespace)
    const object: KubeObject = {
      apiVersion: `${group}/${version}`,
      kind,
      metadata: { ...metadata, name, namespace },
      spec: structuredClone(spec),
    }
    applyDefaults(type, object)
    store.create(type, object)
    return () => {
      store.delete(type, namespace, name)
      if (isNew) store.delete(RESOURCES.namespaces, undefined, namespace)
    }
  }

  removeAll(resource: ResourceType, objects: KubeObject[]): Undo {
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

  /** Edits an object like `kubectl edit`; reverted, its part at `path` is what it was before. */
  edit(
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

/** The mark of an edit: who manages the part at `path`. */
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

export function all(undos: Undo[]): Undo {
  return () => {
    for (const undo of undos) undo()
  }
}
