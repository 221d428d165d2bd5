import type { ReleaseChart, ReleaseHistory, Revision } from '../../model/release.js'
import type { JsonObject } from '../../model/values.js'

/** A chart to apply: a folder (or reference) from the user, or the chart of a release's own record. */
export type ChartSource = { path: string } | { record: ReleaseChart }

export interface UpgradeRequest {
  app: string
  namespace: string
  chart: ChartSource
  /** Complete values, sent on stdin. */
  values: JsonObject
  /** Helm's --description of the revision: command, app, version, weight. */
  description: string
  /** Overwrite drift in the release's objects (Helm 4's `--force-conflicts`). */
  takeOver?: boolean
}

/** The target of a rollback. */
export interface RollbackRequest {
  app: string
  namespace: string
  /** The revision whose values, chart and manifest are restored, as a new revision. */
  revision: number
  takeOver?: boolean
}

/** Deployments whose number of pods Helm has to leave alone from its next revision on. */
export interface KeepReplicasRequest {
  app: string
  namespace: string
  /** The revision that the next helm compares with. */
  revision: number
  deployments: string[]
}

/** Helm's releases of a cluster. `install` and `upgrade` are never repeated. */
export interface Releases {
  /** Histories of every release with this name; in one namespace, or in all if none is given. */
  findReleases(app: string, namespace?: string): Promise<ReleaseHistory[]>

  /** One revision of a release, with chart and manifest; undefined if Helm's history no longer has it. */
  findRevision(app: string, namespace: string, revision: number): Promise<Revision | undefined>

  /** Every release of the cluster (or namespace) whose chart is a canary chart. */
  listReleases(namespace?: string): Promise<ReleaseHistory[]>

  /**
   * The folder of a chart given as a folder, a .tgz, `oci://…` or `repo/name`; it exists until `close`. Throws
   * UsageError if it is not a chart, ExternalError if Helm cannot fetch it.
   */
  chartFolder(chart: string, version?: string): Promise<string>

  /** Renders a chart with complete values without touching the cluster: a YAML stream of objects. */
  render(request: Omit<UpgradeRequest, 'description'>): Promise<string>

  /** `helm install --create-namespace`; resolves with the revision (1). */
  install(request: UpgradeRequest): Promise<number>

  /** `helm upgrade` without --wait, with the given chart; resolves with the new revision. */
  upgrade(request: UpgradeRequest): Promise<number>

  /**
   * `helm rollback` without --wait: objects that only the newest revision has are removed. Helm records it as a new
   * revision.
   */
  rollback(request: RollbackRequest): Promise<void>

  /**
   * Makes Helm forget that it set `spec.replicas` of Deployments, which keep their pods: otherwise a helm that omits
   * the field would reset it to the API server's default, 1.
   */
  keepReplicas(request: KeepReplicasRequest): Promise<void>

  /** `helm uninstall`: every object of the newest revision, and the history. */
  uninstall(app: string, namespace: string): Promise<void>

  /** Whether a helm that changes this release runs on this host (including one whose canary was killed). */
  helmRuns(app: string, namespace: string): Promise<boolean>
}
