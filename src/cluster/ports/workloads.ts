import type { PodProgress, VersionPods } from '../../model/events/events.js'
import type { Neighbour, ReleaseName } from '../../model/results/ownership.js'

/** All workloads whose pods carry the app's labels. */
export interface AppWorkloads {
  /** The app's own Deployments by version. */
  own: VersionPods[]
  /** Those that Helm's marks do not assign to the app's release. */
  others: Neighbour[]
}

/** The Deployments and pods of an app. */
export interface Workloads {
  /** The app's own Deployments by version, with the state of their own pods: `own` of its workloads. */
  versionPods(app: string, namespace: string): Promise<VersionPods[]>

  /** All workloads whose pods carry the app's labels, separated by owner. */
  workloads(app: string, namespace: string): Promise<AppWorkloads>

  /**
   * Waits until every pod of these versions is ready and the Deployments are observed, reporting changes. Throws
   * ExternalError after `timeoutMs`, with the pods' reasons.
   */
  waitForPods(
    app: string,
    namespace: string,
    versions: string[],
    timeoutMs: number,
    report: (progress: PodProgress[]) => void,
  ): Promise<void>

  /** Waits until none of the app's own pods of these versions is left. Throws ExternalError after `timeoutMs`. */
  waitForPodsGone(app: string, namespace: string, versions: string[], timeoutMs: number): Promise<void>

  /**
   * Deletes a Deployment of this release with its pods; fine if it is already gone. Throws ConflictError, and deletes
   * nothing, if Helm's marks do not assign it to the release.
   */
  removeDeployment(name: string, release: ReleaseName): Promise<void>
}
