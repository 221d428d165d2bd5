import type { AppLock, RecordedProof, Cluster, VersionPods } from '../../../src/cluster/cluster.js'
import type { CheckResult } from '../../../src/model/expectation.js'
import type { ReleaseHistory, Revision } from '../../../src/model/release.js'
import type { JsonObject } from '../../../src/model/values.js'
import type { Verifier } from '../../../src/verification/verifier.js'

/** A cluster in memory for one app: every upgrade works, every pod is ready at once. */
export class FakeCluster implements Cluster {
  readonly revisions: Revision[] = []
  closed = 0
  /** Run in the middle of each upgrade. */
  duringUpgrade: () => Promise<void> = () => Promise.resolve()

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

  findReleases(app: string): Promise<ReleaseHistory[]> {
    const newest = this.revisions.at(-1)
    if (!newest || newest.name !== app) return Promise.resolve([])
    const { name, namespace } = newest
    return Promise.resolve([
      {
        name,
        namespace,
        deployed: newest,
        newest,
        revisions: this.revisions.map((revision) => ({
          ...revision,
          chart: { name: revision.chart.metadata.name, version: revision.chart.metadata.version },
        })),
      },
    ])
  }

  findRevision(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  async listReleases(): Promise<ReleaseHistory[]> {
    const newest = this.revisions.at(-1)
    return newest ? this.findReleases(newest.name) : []
  }

  render(): Promise<string> {
    return Promise.resolve('')
  }

  install(request: Parameters<Cluster['install']>[0]): Promise<number> {
    return this.upgrade(request)
  }

  async upgrade({ app, namespace, values, description }: Parameters<Cluster['upgrade']>[0]): Promise<number> {
    await this.duringUpgrade()
    const revision = this.revisions.length + 1
    this.revisions.push({
      name: app,
      namespace,
      revision,
      status: 'deployed',
      description,
      updated: '2026-03-01T12:00:00Z',
      chart: { metadata: { name: 'gloo-app', version: '0.1.0' }, templates: [], files: [], values: {} },
      config: values,
      manifest: '',
    })
    return revision
  }

  versionPods(app: string): Promise<VersionPods[]> {
    const deployment = (this.revisions.at(-1)?.config.deployment ?? {}) as JsonObject
    return Promise.resolve(
      Object.keys(deployment).map((version) => ({
        version,
        deployment: `${app}-${version}`,
        image: 'hashicorp/http-echo',
        ready: 1,
        wanted: 1,
        problems: [],
      })),
    )
  }

  waitForPods(): Promise<void> {
    return Promise.resolve()
  }

  waitForPodsGone(): Promise<void> {
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

  gateway(): ReturnType<Cluster['gateway']> {
    return Promise.resolve({ virtualServices: [], routeTables: [] })
  }

  createVirtualService(): Promise<void> {
    return Promise.resolve()
  }

  proxyAddress(): ReturnType<Cluster['proxyAddress']> {
    return Promise.resolve({
      origin: 'http://127.0.0.1:8080',
      source: 'test',
      close: () => Promise.resolve(),
    })
  }

  diagnose(): ReturnType<Cluster['diagnose']> {
    return Promise.resolve([{ check: 'helm', status: 'ok', detail: 'v4.2.3' }])
  }

  close(): Promise<void> {
    this.closed += 1
    return Promise.resolve()
  }
}

/** Finds exactly what is expected, or the opposite of it. */
export class FakeVerifier implements Verifier {
  contradict = false
  requests: Parameters<Verifier['prove']>[0][] = []

  prove(...[request, reporter]: Parameters<Verifier['prove']>): ReturnType<Verifier['prove']> {
    this.requests.push(request)
    const verdict = this.contradict ? 'fail' : 'pass'
    const checks = request.expectations.map((expectation): CheckResult => {
      const { primary, canary, share } = expectation
      const fromCanary = Math.round(459 * share)
      return {
        expectation,
        verdict,
        sent: 459,
        byVersion: {
          ...(fromCanary < 459 ? { [primary]: 459 - fromCanary } : {}),
          ...(canary && fromCanary > 0 ? { [canary]: fromCanary } : {}),
        },
        unidentified: 0,
        errors: {},
        interval: [share, share],
        reason: this.contradict ? 'other versions answered' : 'as wanted',
        restarts: 0,
        discarded: 0,
        elapsedMs: 0,
        samples: [],
      }
    })
    for (const check of checks) reporter.check(check)
    return Promise.resolve({ verdict, url: request.origin, convergence: 'epochs', checks })
  }
}
