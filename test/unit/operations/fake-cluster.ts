import type {
  AppLock,
  RecordedProof,
  Cluster,
  UpgradeRequest,
  VersionPods,
} from '../../../src/cluster/cluster.js'
import type { CanaryEvent } from '../../../src/model/events.js'
import type { CheckResult, StageProof, Verdict } from '../../../src/model/expectation.js'
import type { ReleaseChart, ReleaseHistory, ReleaseStatus, Revision } from '../../../src/model/release.js'
import type { JsonObject } from '../../../src/model/values.js'
import type { OperationContext } from '../../../src/operations/context.js'
import type { ProofRequest, Verifier } from '../../../src/verification/verifier.js'

const CHART: ReleaseChart = {
  metadata: { name: 'gloo-app', version: '0.1.0' },
  templates: [],
  files: [],
  values: { routes: { fingerprintHeader: 'x-canary-routes', versionHeader: 'x-canary-version' } },
}

/** One app's release in memory, with everything that was done to it in order. */
export class FakeCluster implements Cluster {
  revisions: Revision[] = []
  readonly calls: string[] = []
  /** Pods by version; a version deployed by an upgrade gets ready ones unless it is named here. */
  pods: Record<string, Partial<VersionPods>> = {}
  virtualServices: JsonObject[] = []
  /** Runs at the start of each upgrade: to fail it, or to let somebody else be faster. */
  beforeUpgrade: (request: UpgradeRequest) => void = () => {}
  waitError?: Error

  constructor(config?: JsonObject, chart: ReleaseChart = CHART) {
    if (config) this.add(config, 'deployed', chart)
  }

  add(config: JsonObject, status: ReleaseStatus, chart: ReleaseChart = CHART, description = ''): Revision {
    if (status === 'deployed') {
      for (const old of this.revisions) if (old.status === 'deployed') old.status = 'superseded'
    }
    const revision: Revision = {
      name: 'echo',
      namespace: 'echo',
      revision: this.revisions.length + 1,
      status,
      description,
      updated: '2026-01-01T00:00:00Z',
      chart,
      config,
      manifest: manifestOf(config),
    }
    this.revisions.push(revision)
    return revision
  }

  lock(): Promise<AppLock> {
    return Promise.resolve({
      tookOverFromDead: false,
      lost: new AbortController().signal,
      confirm: () => Promise.resolve(),
      record: () => {},
      release: () => Promise.resolve(),
    })
  }

  rollback(): Promise<void> {
    return Promise.reject(new Error('not modelled'))
  }

  uninstall(): Promise<void> {
    return Promise.reject(new Error('not modelled'))
  }

  removeDeployment(): Promise<void> {
    return Promise.reject(new Error('not modelled'))
  }

  recordedProofs(): Promise<RecordedProof[]> {
    return Promise.resolve([])
  }

  helmRuns(): Promise<boolean> {
    return Promise.resolve(false)
  }

  findReleases(app: string, namespace?: string): Promise<ReleaseHistory[]> {
    if (app !== 'echo' || (namespace ?? 'echo') !== 'echo' || this.revisions.length === 0) {
      return Promise.resolve([])
    }
    return Promise.resolve([
      {
        name: 'echo',
        namespace: 'echo',
        deployed: this.revisions.findLast(({ status }) => status === 'deployed'),
        newest: this.revisions.at(-1),
        revisions: this.revisions.map((revision) => ({
          ...revision,
          chart: { name: revision.chart.metadata.name, version: revision.chart.metadata.version },
        })),
      },
    ])
  }

  findRevision(_app: string, _namespace: string, revision: number): Promise<Revision | undefined> {
    return Promise.resolve(this.revisions.find((entry) => entry.revision === revision))
  }

  listReleases(): Promise<ReleaseHistory[]> {
    return this.findReleases('echo')
  }

  render({ values }: Omit<UpgradeRequest, 'description'>): Promise<string> {
    return Promise.resolve(manifestOf(values))
  }

  install(request: UpgradeRequest): Promise<number> {
    return this.apply('install', request)
  }

  upgrade(request: UpgradeRequest): Promise<number> {
    return this.apply('upgrade', request)
  }

  private apply(verb: string, request: UpgradeRequest): Promise<number> {
    this.beforeUpgrade(request)
    this.calls.push(`${verb}: ${request.description}`)
    return Promise.resolve(this.add(request.values, 'deployed', CHART, request.description).revision)
  }

  versionPods(): Promise<VersionPods[]> {
    const config = this.revisions.findLast(({ status }) => status === 'deployed')?.config
    return Promise.resolve(
      Object.keys((config?.deployment as object | undefined) ?? {}).map((version) => ({
        version,
        deployment: `echo-${version}`,
        image: 'hashicorp/http-echo',
        ready: 1,
        wanted: 1,
        problems: [],
        ...this.pods[version],
      })),
    )
  }

  waitForPods(_app: string, _namespace: string, versions: string[]): Promise<void> {
    this.calls.push(`wait for pods: ${versions.join(', ')}`)
    return this.waitError ? Promise.reject(this.waitError) : Promise.resolve()
  }

  waitForPodsGone(_app: string, _namespace: string, versions: string[]): Promise<void> {
    this.calls.push(`wait for pods gone: ${versions.join(', ')}`)
    return Promise.resolve()
  }

  liveObjects() {
    return Promise.resolve([])
  }

  autoscalers() {
    return Promise.resolve([])
  }

  applyAsHelm() {
    return Promise.resolve()
  }

  gateway() {
    return Promise.resolve({ virtualServices: this.virtualServices as never[], routeTables: [] })
  }

  createVirtualService(apiGroup: string): Promise<void> {
    this.calls.push(`create VirtualService for ${apiGroup}`)
    return Promise.resolve()
  }

  proxyAddress() {
    return Promise.resolve({
      origin: 'http://proxy.test',
      source: 'a fake',
      close: () => {
        this.calls.push('close the way to the proxy')
        return Promise.resolve()
      },
    })
  }

  diagnose() {
    return Promise.resolve([])
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function manifestOf(config: JsonObject): string {
  const deployments = Object.entries((config.deployment as JsonObject | undefined) ?? {}).map(
    ([version, settings]) => ({
      kind: 'Deployment',
      spec: { template: { metadata: { labels: { app: 'echo', version } }, spec: settings } },
    }),
  )
  return deployments.map((object) => `---\n${JSON.stringify(object)}\n`).join('')
}

/** A verifier that gives the verdicts it was told to, pass by default, and keeps what it was asked. */
export class FakeVerifier implements Verifier {
  readonly asked: ProofRequest[] = []

  constructor(
    private readonly calls: string[],
    private readonly verdicts: Verdict[] = [],
  ) {}

  prove(request: ProofRequest): Promise<StageProof> {
    this.asked.push(request)
    this.calls.push('prove')
    const verdict = this.verdicts.shift() ?? 'pass'
    const checks = request.expectations.map((expectation): CheckResult => ({
      expectation,
      verdict,
      sent: 459,
      byVersion: {},
      unidentified: 0,
      errors: {},
      interval: [0, 1],
      reason: `a fake ${verdict}`,
      restarts: 0,
      discarded: 0,
      elapsedMs: 1,
      samples: [],
    }))
    return Promise.resolve({ verdict, url: request.origin, convergence: 'fingerprint', checks })
  }
}

export interface Fakes {
  cluster: FakeCluster
  verifier: FakeVerifier
  events: CanaryEvent[]
  context: OperationContext
  abort: AbortController
}

/** An operation's surroundings around a release with these values. */
export function fakes(
  config?: JsonObject,
  options: { verdicts?: Verdict[]; context?: Partial<OperationContext> } = {},
): Fakes {
  const cluster = new FakeCluster(config)
  const verifier = new FakeVerifier(cluster.calls, options.verdicts)
  const events: CanaryEvent[] = []
  const abort = new AbortController()
  const context: OperationContext = {
    cluster,
    verifier,
    emit: (event) => events.push(event),
    signal: abort.signal,
    probes: { headers: {}, rate: 250, timeoutMs: 60_000, userAgent: 'canary/test' },
    podTimeoutMs: 1000,
    dryRun: false,
    operator: 'ann@host',
    recover: false,
    takeOver: false,
    waitForLockMs: 0,
    onFailure: 'stop',
    ...options.context,
  }
  return { cluster, verifier, events, context, abort }
}
