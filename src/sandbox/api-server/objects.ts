import type { OpenApiSchema } from './custom-kinds/open-api.js'

/** Shapes that all parts of the sandbox share: a Kubernetes object, and the kinds. */

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
  // Kubernetes objects are open-ended: code that knows the kind narrows its fields.
  [field: string]: any
}

export interface ResourceType {
  /** '' for the core group. */
  group: string
  /** The stored version. */
  version: string
  /** Other served versions, which differ in `apiVersion` only. */
  olderVersions: string[]
  kind: string
  plural: string
  singular: string
  shortNames: string[]
  namespaced: boolean
  /** Custom kinds accept merge patches only, and their lists are atomic. */
  custom: boolean
  subresources: ('status' | 'scale' | 'log' | 'portforward')[]
  /** Name of its schema if it does not follow from group, version and kind. */
  schema?: string
  /** By version: the schemas of a kind that only its CustomResourceDefinition describes. */
  schemas?: Record<string, OpenApiSchema>
}

/** The kind, if it is one of the core group: others may bear its name. */
export function coreKind({ group, kind }: ResourceType): string | undefined {
  return group === '' ? kind : undefined
}
