/** Shapes every part of the sandbox shares: what a Kubernetes object looks like, and which kinds there are. */

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface ObjectMeta {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
  managedFields?: unknown[]
}

export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  // Kubernetes objects are open-ended: every kind has its own fields, which the code that knows the kind narrows.
  [field: string]: any
}

export interface ResourceType {
  /** '' for the core group. */
  group: string
  /** The version that is stored. */
  version: string
  /** Versions served besides, whose objects differ in `apiVersion` alone. */
  olderVersions: string[]
  kind: string
  plural: string
  singular: string
  shortNames: string[]
  namespaced: boolean
  /** Custom kinds take merge patches only, and their lists are atomic. */
  custom: boolean
  subresources: ('status' | 'scale' | 'log' | 'portforward')[]
  /** Name of its schema where that is not told by group, version and kind. */
  schema?: string
}
