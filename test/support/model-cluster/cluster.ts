import type { LockHolder, Approval, RunWait, RunStart } from '../../../src/model/results/runs.js'
import type { AppWorkloads } from '../../../src/cluster/ports/workloads.js'
import type { Cluster } from '../../../src/cluster/port.js'
import type {
  KeepReplicasRequest,
  RollbackRequest,
  UpgradeRequest,
} from '../../../src/cluster/ports/releases.js'
import type { LockRequest } from '../../../src/cluster/ports/locks.js'
import type { RecordedProof, RecordedRollback } from '../../../src/cluster/ports/proofs.js'
import type { RunNotes } from '../../../src/cluster/ports/runs.js'
import type { LiveObject, ObjectName } from '../../../src/model/results/drift.js'
import { ExternalError } from '../../../src/model/errors.js'
import type { PodProgress, VersionPods } from '../../../src/model/events/events.js'
import type { ReleaseHistory, ReleaseStatus, Revision } from '../../../src/model/release.js'
import type { JsonObject } from '../../../src/model/values.js'
import { ModelHelm } from './helm.js'
import { ModelKube } from './kube.js'
import { ModelLease } from './lease.js'
import { CHART, manifestOf, markedBy, nameOf } from './render.js'
import { Actor, AT_ONCE, type Turns } from './turns.js'

/** What all operators of the model share: a cluster with one release in it, and the time. */
export class ModelWorld {
  readonly kube: ModelKube
  readonly helm: ModelHelm
  readonly lease: ModelLease
  virtualServices: JsonObject[] = []
  /** Those of other apps. */
  routeTables: JsonObject[] = []

  constructor(
    readonly turns: Turns = AT_ONCE,
    helmMajor: 3 | 4 = 4,
  ) {
    this.kube = new ModelKube(turns)
    this.helm = new ModelHelm(this.kube, turns, helmMajor)
    this.lease = new ModelLease(turns, () => this.helm.hasNamespace)
  }
}

/**
 * The cluster as one operator sees it, in memory: Helm's records, the objects and their pods, the routes served, the
 * Lease. Left to itself all happens at once and works; see `ModelWorld` for what can go wrong.
 */
export class ModelCluster implements Cluster {
  /** What was changed or waited for, in order. */
  readonly calls: string[] = []
  closed = 0
  /** Run at the beginning of each helm install and upgrade; what it throws is what helm says. */
  duringUpgrade: (request: UpgradeRequest) => void | Promise<void> = () => {}

  constructor(
    readonly world = new ModelWorld(),
    readonly operator = new Actor('canary'),
  ) {}

  /** Helm's records, oldest first. */
  get revisions(): Revision[] {
    return this.world.helm.records
  }

  /** Adds a revision as if it had been made before. */
  add(config: JsonObject, status: ReleaseStatus, chart = CHART, description = ''): Revision {
    return this.world.helm.add(config, status, chart, description)
  }

  findReleases(app: string, namespace?: string): Promise<ReleaseHistory[]> {
    return this.act('read the release', () => {
      const history = this.world.helm.history()
      return history?.name === app && (namespace ?? history.namespace) === history.namespace ? [history] : []
    })
  }

  findRevision(_app: string, _namespace: string, revision: number): Promise<Revision | undefined> {
    return this.act('read a revision', () => this.revisions.find((entry) => entry.revision === revision))
  }

  listReleases(): Promise<ReleaseHistory[]> {
    return this.findReleases(this.world.helm.release.name)
  }

  chartFolder(chart: string): Promise<string> {
    return Promise.resolve(chart)
  }

  render({ app, namespace, values }: Omit<UpgradeRequest, 'description'>): Promise<string> {
    return this.act('render', () => manifestOf(this.world.helm.render(app, namespace, values)))
  }

  async install(request: UpgradeRequest): Promise<number> {
    await this.duringUpgrade(request)
    this.calls.push(`install: ${request.description}`)
    return this.ended(this.world.helm.install(request, this.operator))
  }

  async upgrade(request: UpgradeRequest): Promise<number> {
    await this.duringUpgrade(request)
    this.calls.push(`upgrade: ${request.description}`)
    return this.ended(this.world.helm.upgrade(request, this.operator))
  }

  rollback(request: RollbackRequest): Promise<void> {
    this.calls.push(`rollback to ${request.revision}`)
    return this.ended(this.world.helm.rollback(request, this.operator))
  }

  keepReplicas({ deployments, revision }: KeepReplicasRequest): Promise<void> {
    return this.act('keep the number of pods', () => {
      this.calls.push(`keep the pods of ${deployments.join(', ')}, set by revision ${revision}`)
      for (const name of deployments) this.world.kube.scaledByOthers.add(name)
    })
  }

  uninstall(): Promise<void> {
    this.calls.push('uninstall')
    return this.ended(this.world.helm.uninstall(this.operator))
  }

  removeDeployment(name: string): Promise<void> {
    return this.act(`remove Deployment ${name}`, () => {
      this.calls.push(`remove Deployment ${name}`)
      const object = this.world.kube.find('Deployment', name)
      if (object) this.world.kube.remove(object)
    })
  }

  lock(request: LockRequest) {
    return this.world.lease.lock(this.operator, request)
  }

  lockHolder(): Promise<LockHolder | undefined> {
    return Promise.resolve(this.world.lease.holder())
  }

  /** What is kept with the Lease of runs. */
  waiting?: RunWait
  started?: RunStart
  /** The user's name as the API server gives it. */
  user?: string

  runNotes(): Promise<RunNotes> {
    const { waiting, started } = this
    return Promise.resolve({ holder: this.world.lease.holder(), waiting, started })
  }

  async allRunNotes(): ReturnType<Cluster['allRunNotes']> {
    return [{ app: 'echo', namespace: 'echo', ...(await this.runNotes()) }]
  }

  noteWait(_app: string, _namespace: string, wait: RunWait): Promise<void> {
    this.waiting = wait
    return Promise.resolve()
  }

  clearWait(_app: string, _namespace: string, run: string): Promise<void> {
    if (this.waiting?.run === run) this.waiting = undefined
    return Promise.resolve()
  }

  noteStart(_app: string, _namespace: string, start: RunStart): Promise<void> {
    this.started = start
    return Promise.resolve()
  }

  identity(): Promise<string | undefined> {
    return Promise.resolve(this.user)
  }

  private readonly given: Approval[] = []

  approvals(): Promise<Approval[]> {
    return Promise.resolve(this.given)
  }

  approve(_app: string, _namespace: string, approval: Approval): Promise<void> {
    this.given.push(approval)
    return Promise.resolve()
  }

  private readonly proofs: RecordedProof[] = []

  recordedProofs(): Promise<RecordedProof[]> {
    return Promise.resolve(this.proofs)
  }

  keepProof(_app: string, _namespace: string, proof: RecordedProof): Promise<void> {
    this.proofs.push(proof)
    return Promise.resolve()
  }

  private readonly rollbacks: RecordedRollback[] = []

  recordedRollbacks(): Promise<RecordedRollback[]> {
    return Promise.resolve(this.rollbacks)
  }

  keepRollback(_app: string, _namespace: string, rollback: RecordedRollback): Promise<void> {
    this.rollbacks.push(rollback)
    return Promise.resolve()
  }

  helmRuns(): Promise<boolean> {
    return this.act('look for helms', () =>
      [...this.world.helm.running].some(({ host, dead }) => !dead && host === this.operator.host),
    )
  }

  versionPods(): Promise<VersionPods[]> {
    return this.act('read the pods', () => this.world.kube.versionPods())
  }

  /** All is the release's in this model. */
  async workloads(): Promise<AppWorkloads> {
    return { own: await this.versionPods(), others: [] }
  }

  async waitForPods(
    app: string,
    _namespace: string,
    versions: string[],
    timeoutMs: number,
    report: (progress: PodProgress[]) => void,
  ): Promise<void> {
    this.calls.push(`wait for pods: ${versions.join(', ')}`)
    const { kube, turns } = this.world
    const isThere = (version: string) => kube.versions().includes(version)
    const over = () =>
      versions.every((version) => kube.isRolledOut(version)) || !versions.every((version) => isThere(version))
    await turns.until(this.operator, `wait for pods of ${versions.join(', ')}`, over, turns.now() + timeoutMs)
    const states = kube.versionPods().filter(({ version }) => versions.includes(version))
    report(states)
    if (versions.every((version) => isThere(version) && kube.isRolledOut(version))) return
    const reasons = states.map(({ version, problems }) => [version, ...problems].join(': '))
    throw new ExternalError(`The pods of ${app} did not become ready: ${reasons.join(', ')}`)
  }

  async waitForPodsGone(_app: string, _namespace: string, versions: string[], timeoutMs: number) {
    this.calls.push(`wait for pods gone: ${versions.join(', ')}`)
    const { kube, turns } = this.world
    const areGone = () => versions.every((version) => !kube.hasPods(version))
    const label = `wait until no pods of ${versions.join(', ')} are left`
    const gone = await turns.until(this.operator, label, areGone, turns.now() + timeoutMs)
    if (!gone) throw new ExternalError(`Pods of ${versions.join(', ')} are still there`)
  }

  liveObjects(names: ObjectName[], namespace: string): Promise<LiveObject[]> {
    return this.act('read the objects', () =>
      names.map((name) => ({
        ...name,
        object:
          name.kind === 'Namespace'
            ? { metadata: { name: namespace } }
            : this.world.kube.find(name.kind, name.name),
      })),
    )
  }

  /** Names of objects that are not there. */
  readonly missing = new Set<string>()

  hasObject(_kind: string, name: string): Promise<boolean> {
    return Promise.resolve(!this.missing.has(name))
  }

  autoscalers() {
    return Promise.resolve([])
  }

  applyAsHelm(object: JsonObject): Promise<void> {
    return this.act(`write ${object.kind as string} ${nameOf(object)}`, () =>
      this.world.kube.apply(markedBy(this.world.helm.release, object)),
    )
  }

  preflight(): ReturnType<Cluster['preflight']> {
    return Promise.resolve([{ check: 'helm', status: 'ok', detail: 'v4.2.3' }])
  }

  permissions(): ReturnType<Cluster['permissions']> {
    return Promise.resolve([])
  }

  close(): Promise<void> {
    this.closed += 1
    return Promise.resolve()
  }

  private act<T>(label: string, action: () => T): Promise<T> {
    return this.world.turns.act(this.operator, label, action)
  }

  /** A helm goes on by itself; that it has ended is for its operator to learn. */
  private async ended<T>(helm: Promise<T>): Promise<T> {
    const outcome = await helm.then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error
      },
    )
    return this.act('helm has ended', outcome)
  }
}
