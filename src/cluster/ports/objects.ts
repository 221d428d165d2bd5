import type { Autoscaler, LiveObject, ObjectName } from '../../model/results/drift.js'
import type { OwnerReference } from '../../model/results/ownership.js'
import type { JsonObject } from '../../model/values.js'

/** An object of the API; code that knows the kind narrows its fields. */
export interface ClusterObject {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    ownerReferences?: OwnerReference[]
    generation?: number
    uid?: string
    resourceVersion?: string
    /** ISO times. */
    creationTimestamp?: string
    deletionTimestamp?: string
    [field: string]: unknown
  }
  [field: string]: unknown
}

/** Objects of the API by their names. */
export interface Objects {
  /**
   * The cluster's objects of these names. Left out: kinds that canary does not know, and what the user may not read.
   */
  liveObjects(names: ObjectName[], namespace: string): Promise<LiveObject[]>

  /**
   * Whether the object exists in the namespace; its content is not read. Throws ExternalError (403) if that is
   * forbidden.
   */
  hasObject(
    kind: 'Secret' | 'ConfigMap' | 'ServiceAccount',
    name: string,
    namespace: string,
  ): Promise<boolean>

  /** The HorizontalPodAutoscalers of Deployments in the namespace; empty if they may not be read. */
  autoscalers(namespace: string): Promise<Autoscaler[]>

  /** Writes an object of a release's manifest like Helm, over any drift; created again if it is gone. */
  applyAsHelm(object: JsonObject, release: { app: string; namespace: string }): Promise<void>
}
