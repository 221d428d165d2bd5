import type { Autoscaler, LiveObject, ObjectName } from '../../model/results/drift.js'
import type { OwnerReference } from '../../model/results/ownership.js'
import type { JsonObject } from '../../model/values.js'

/** An object as the API has it; fields are narrowed by the code that knows the kind. */
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
   * What the cluster has under these names. Left out: kinds that canary does not know, and what the user may not read.
   */
  liveObjects(names: ObjectName[], namespace: string): Promise<LiveObject[]>

  /** Whether such an object is in the namespace; its content is not read. Throws ExternalError (403) where it may not be asked. */
  hasObject(
    kind: 'Secret' | 'ConfigMap' | 'ServiceAccount',
    name: string,
    namespace: string,
  ): Promise<boolean>

  /** The HorizontalPodAutoscalers of Deployments in the namespace; none where they may not be read. */
  autoscalers(namespace: string): Promise<Autoscaler[]>

  /** Writes an object of a release's manifest as Helm would, over what others made of it; made anew where it is gone. */
  applyAsHelm(object: JsonObject, release: { app: string; namespace: string }): Promise<void>
}
