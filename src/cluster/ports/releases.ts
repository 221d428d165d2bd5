import type { ReleaseChart, ReleaseHistory, Revision } from '../../model/release.js'
import type { JsonObject } from '../../model/values.js'

/** A chart to apply: a folder (or reference) given by the user, or the chart of a release's own record. */
export type ChartSource = { path: string } | { record: ReleaseChart }

export interface UpgradeRequest {
  app: string
  namespace: string
  chart: ChartSource
  /** Complete values, sent on stdin. */
  values: JsonObject
  /** Helm's --description of the revision: command, app, version, weight. */
  description: string
  /** Overwrite what others changed by hand in the release's objects (Helm 4's `--force-conflicts`). */
  takeOver?: boolean
}

/** Where a release goes back to. */
export interface RollbackRequest {
  app: string
  namespace: string
  /** The revision whose values, chart and manifest come back, as a new revision. */
  revision: number
  takeOver?: boolean
}

/** Deployments whose number of pods Helm is to leave alone from its next revision on. */
export interface KeepReplicasRequest {
  app: string
  namespace: string
  /** The revision that the next helm compares with. */
  revision: number
  deployments: string[]
}

/** Helm's releases of a cluster. `install` and `upgrade` are never repeated. */
export interface Releases {
  /** Histories of every release with this name; in one namespace, or in all where none is given. */
  findReleases(app: string, namespace?: string): Promise<ReleaseHistory[]>

  /** One revision of a release, chart and manifest included; undefined where Helm's history has it no more. */
  findRevision(app: string, namespace: string, revision: number): Promise<Revision | undefined>

  /** Every release of the cluster (or namespace) whose chart is a canary chart. */
  listReleases(namespace?: string): Promise<ReleaseHistory[]>

  /**
   * The folder of a chart given as a folder, a .tgz, `oci://…` or `repo/name`; there until `close`. Throws UsageError where it is
   * none, ExternalError where Helm can't get it.
   */
  chartFolder(chart: string, version?: string): Promise<string>

  /** Renders a chart with complete values without touching the cluster: a YAML stream of objects. */
  render(request: Omit<UpgradeRequest, 'description'>): Promise<string>

  /** `helm install --create-namespace`; resolves with the revision (1). */
  install(request: UpgradeRequest): Promise<number>

  /** `helm upgrade` without --wait, with the chart given; resolves with the new revision. */
  upgrade(request: UpgradeRequest): Promise<number>

  /** `helm rollback` without --wait: the objects that the newest revision added go. Helm makes a new revision of it. */
  rollback(request: RollbackRequest): Promise<void>

  /**
   * Makes Helm forget that it set `spec.replicas` of Deployments, which keep the pods they have: a helm that leaves the field
   * out would have it fall to the API server's default, 1.
   */
  keepReplicas(request: KeepReplicasRequest): Promise<void>

  /** `helm uninstall`: every object of the newest revision, and the history. */
  uninstall(app: string, namespace: string): Promise<void>

  /** Whether a helm that changes this release runs on this host (one whose canary was killed, too). */
  helmRuns(app: string, namespace: string): Promise<boolean>
}
