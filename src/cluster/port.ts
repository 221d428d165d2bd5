import type { Finding } from '../model/results/doctor.js'
import type { LockHolder, Approval, RunWait, RunStart } from '../model/results/runs.js'
import type { Autoscaler, LiveObject, ObjectName } from '../model/results/drift.js'
import type { PodProgress, VersionPods } from '../model/events.js'
import type { Verdict } from '../model/expectation.js'
import type { Neighbour, OwnerReference, ReleaseName } from '../model/results/ownership.js'
import type { ReleaseChart, ReleaseHistory, Revision } from '../model/release.js'
import type { JsonObject } from '../model/values.js'
import type { Permission } from './permissions.js'

/** How to reach the cluster, as helm's and kubectl's own flags have it; undefined leaves it to their defaults. */
export interface ClusterOptions {
  kubeconfig?: string
  kubeContext?: string
  /** Aborted by the first Ctrl-C: waits end, a running Helm is left to finish by itself. */
  signal?: AbortSignal
  /** Told the values that are read and applied, so that their secrets are masked wherever they show up. */
  secrets?: { learn(values: unknown): void }
  /** Shows a line to the user at once: what the kubeconfig's login command says. */
  say?: (line: string) => void
  /** Told, in a sentence, what was left out of an answer. */
  warn?: (message: string) => void
}

/** The cluster of one command, as the kubeconfig had it when the command began. */
export interface PinnedCluster extends ClusterOptions {
  /** The path in the server's URL, `/k8s/clusters/c-1`; undefined where it has none. */
  serverPath?: string
  /** The program that the kubeconfig runs for credentials (`exec`), e.g. `aws`. */
  loginCommand?: string
}

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

export interface LockRequest {
  app: string
  namespace: string
  /** The command as typed, told to others who want the app: `shift echo 50`. */
  command: string
  /** Who runs it, `user@host`. */
  who: string
  /** The run of a runbook that it belongs to. */
  runId?: string
  /** Aborted by Ctrl-C: the waiting ends, with CanaryError `interrupted` or `terminated`. */
  signal?: AbortSignal
  /** How long to wait for another operator, milliseconds; 0 tells at once that it is busy. */
  waitMs: number
  /** Ask a holder that lives to stop before its next upgrade, and wait until it did (`abort`). */
  preempt: boolean
  /** Take the app at once, whoever holds it and however alive they are (`abort --break-lock`). */
  breaks?: boolean
  /** Called when there is somebody to wait for. */
  waiting: (holder: LockHolder) => void
}

/** The one operator's hold on an app. */
export interface AppLock {
  /**
   * Why there is no Lease though the app was taken (the user may not write Leases), a sentence; undefined while one is
   * held, or where there can't be one (the namespace is still to come).
   */
  readonly unavailable?: string
  /** Whether the holder before this one was on this host and died: a helm that it started may still run. */
  readonly tookOverFromDead: boolean
  /** From whom it was taken although they lived; they learn of it before their next upgrade. */
  readonly brokenFrom?: LockHolder
  /** Aborted when the hold was lost, or an `abort` asked for it; the reason is the CanaryError to throw. */
  readonly lost: AbortSignal
  /** Compare-and-swap right before an upgrade: throws the error of `lost` where the hold is no longer ours. */
  confirm(): Promise<void>
  /** Keeps what a revision's proof came to with the Lease, written when next it is. */
  record(proof: RecordedProof): void
  /** Gives the app back, whatever happened; never throws. */
  release(): Promise<void>
  /**
   * Gives the app back and deletes its Lease with all notes, once the app is gone; never throws. Resolves with whether no
   * Lease is left: without the permission to delete it, it stays, held by nobody.
   */
  remove(): Promise<boolean>
}

/** What the proof of one revision came to, kept with the app's Lease. */
export interface RecordedProof {
  revision: number
  verdict: Verdict
  /** ISO time. */
  at: string
  /** Who ran it: `user@host`. */
  who: string
}

/** Who had Helm roll back, kept with the app's Lease: Helm takes no description of a rollback. */
export interface RecordedRollback {
  /** The revision that the rollback made. */
  revision: number
  /** The command as typed: `shift echo 50`. */
  command: string
  /** `user@host`. */
  who: string
  /** ISO time. */
  at: string
}

/** What the app's Lease says of who is at work on it. */
export interface RunNotes {
  holder?: LockHolder
  waiting?: RunWait
  started?: RunStart
}

/** All whose pods carry the app's labels. */
export interface AppWorkloads {
  /** The app's own Deployments by version. */
  own: VersionPods[]
  /** What Helm's marks do not give to the app's release. */
  others: Neighbour[]
}

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

/** A way to a proxy. */
export interface ProxyAddress {
  /** Origin, e.g. `http://127.0.0.1:8080`. */
  origin: string
  /** How it was found: `--proxy-url`, `LoadBalancer of infra/proxy`, `port-forward to …`. */
  source: string
  /** Ends what was opened to reach it (a port-forward). */
  close(): Promise<void>
}

/**
 * The cluster as the operations see it: the seam at which tests put a fake. Every method throws ExternalError with
 * the command or request that failed; reads are safe to repeat, `install` and `upgrade` are never repeated.
 */
export interface Cluster {
  /** Histories of every release with this name; in one namespace, or in all where none is given. */
  findReleases(app: string, namespace?: string): Promise<ReleaseHistory[]>

  /** One revision of a release, chart and manifest included; undefined where Helm's history has it no more. */
  findRevision(app: string, namespace: string, revision: number): Promise<Revision | undefined>

  /** Every release of the cluster (or namespace) whose chart is a canary chart. */
  listReleases(namespace?: string): Promise<ReleaseHistory[]>

  /** Renders a chart with complete values without touching the cluster: a YAML stream of objects. */
  render(request: Omit<UpgradeRequest, 'description'>): Promise<string>

  /**
   * The folder of a chart given as a folder, a .tgz, `oci://…` or `repo/name`; there until `close`. Throws UsageError where it is
   * none, ExternalError where Helm can't get it.
   */
  chartFolder(chart: string, version?: string): Promise<string>

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

  /**
   * Deletes a Deployment of this release with its pods; fine where it is gone already. Throws ConflictError, and deletes
   * nothing, where Helm's marks do not give it to the release.
   */
  removeDeployment(name: string, release: ReleaseName): Promise<void>

  /** Takes the app for one operator. Throws CanaryError `busy` (exit 10), naming the holder, when `waitMs` is over. */
  lock(request: LockRequest): Promise<AppLock>

  /** Proofs kept with the app's Lease, by revision; empty where there are none, or they may not be read. */
  recordedProofs(app: string, namespace: string): Promise<RecordedProof[]>

  /** Keeps what a proof came to with the app's Lease, whoever holds it. Throws where Leases may not be written. */
  keepProof(app: string, namespace: string, proof: RecordedProof): Promise<void>

  /** Rollbacks kept with the app's Lease; empty where there are none, or they may not be read. */
  recordedRollbacks(app: string, namespace: string): Promise<RecordedRollback[]>

  /** Keeps who had Helm roll back with the app's Lease, whoever holds it. Throws where Leases may not be written. */
  keepRollback(app: string, namespace: string, rollback: RecordedRollback): Promise<void>

  /** Who holds the app, or held it and died; undefined where nobody does, or the Lease may not be read. */
  lockHolder(app: string, namespace: string): Promise<LockHolder | undefined>

  /** What the app's Lease says of runs; empty where there is none, or it may not be read. */
  runNotes(app: string, namespace: string): Promise<RunNotes>

  /** The same of every app, or of those of one namespace. Throws ExternalError where Leases may not be listed. */
  allRunNotes(namespace?: string): Promise<(RunNotes & { app: string; namespace: string })[]>

  /** Keeps what a run waits for with the app's Lease; of one wait the time it began. Throws where Leases may not be written. */
  noteWait(app: string, namespace: string, wait: RunWait): Promise<void>

  /** Removes what the run of this id waits for. Throws where Leases may not be written. */
  clearWait(app: string, namespace: string, run: string): Promise<void>

  /** Keeps who started a run with the app's Lease. Throws where Leases may not be written. */
  noteStart(app: string, namespace: string, start: RunStart): Promise<void>

  /** The user's name as the API server gives it (SelfSubjectReview); undefined where it gives none. */
  identity(): Promise<string | undefined>

  /** Approvals kept with the app's Lease; empty where there are none, or they may not be read. */
  approvals(app: string, namespace: string): Promise<Approval[]>

  /** Keeps an approval with the app's Lease. Throws ExternalError where Leases may not be written. */
  approve(app: string, namespace: string, approval: Approval): Promise<void>

  /** Whether a helm that changes this release runs on this host (one whose canary was killed, too). */
  helmRuns(app: string, namespace: string): Promise<boolean>

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

  /** Whether helm, kubectl and the cluster are there: findings of `doctor`. */
  preflight(): Promise<Finding[]>

  /** Whether the user may do what canary and helm need in this namespace, and what `more` names. */
  permissions(namespace: string, more: readonly Permission[]): Promise<Finding[]>

  /** Ends child processes and connections. */
  close(): Promise<void>
}
