import type { PodProgress, VersionPods } from '../../model/events.js'
import type { Neighbour, ReleaseName } from '../../model/results/ownership.js'

/** All whose pods carry the app's labels. */
export interface AppWorkloads {
  /** The app's own Deployments by version. */
  own: VersionPods[]
  /** What Helm's marks do not give to the app's release. */
  others: Neighbour[]
}

/** The Deployments and pods of an app. */
export interface Workloads {
  /** The app's own Deployments by version, with the state of their own pods: `own` of its workloads. */
  versionPods(app: string, namespace: string): Promise<VersionPods[]>

  /** All whose pods carry the app's labels, told apart by whose they are. */
  workloads(app: string, namespace: string): Promise<AppWorkloads>

  /**
   * Waits until every pod of these versions is ready and the Deployments observed, reporting changes.
   * Throws ExternalError when `timeoutMs` is over, with the reasons the pods give.
   */
  waitForPods(
    app: string,
    namespace: string,
    versions: string[],
    timeoutMs: number,
    report: (progress: PodProgress[]) => void,
  ): Promise<void>

  /** Waits until none of the app's own pods of these versions is left. Throws ExternalError when `timeoutMs` is over. */
  waitForPodsGone(app: string, namespace: string, versions: string[], timeoutMs: number): Promise<void>

  /**
   * Deletes a Deployment of this release with its pods; fine where it is gone already. Throws ConflictError, and deletes
   * nothing, where Helm's marks do not give it to the release.
   */
  removeDeployment(name: string, release: ReleaseName): Promise<void>
}
