import type { RollbackRequest, UpgradeRequest } from '../../../src/cluster/ports/releases.js'
import { lastInEffect } from '../../../src/cluster/helm/release-histories.js'
import { KEPT_REVISIONS } from '../../../src/cluster/helm/helm.js'
import { ExternalError } from '../../../src/model/errors.js'
import type { ReleaseHistory, ReleaseStatus, Revision, RevisionSummary } from '../../../src/model/release.js'
import type { JsonObject } from '../../../src/model/values.js'
import type { ModelKube } from './kube.js'
import { CHART, manifestOf, markedBy, nameOf, objectsOf, renderObjects } from './render.js'
import { Actor, type Turns } from './turns.js'

/** What goes wrong with one helm: a count is of its atomic actions, the reading of the release the first of them. */
export type HelmFault =
  | { name: 'refused' }
  /** It ends with an error at this object, and marks its revision failed. */
  | { name: 'fails'; at: number }
  | { name: 'killed'; at: number }
  /** It does all it should, and says that it failed. */
  | { name: 'answer lost' }

/** A helm that was run for an operator: it goes on by itself when canary is killed. */
export class HelmProcess extends Actor {
  private steps = 0

  constructor(
    readonly parent: Actor,
    readonly verb: string,
    private readonly turns: Turns,
    readonly fault?: HelmFault,
  ) {
    super(`helm ${verb} of ${parent.name}`, parent.host)
    // Meanwhile its operator waits: what is to happen to them then is counted by helm's actions too.
    this.beforeAction = () => {
      if (parent.dead) return
      parent.actions += 1
      parent.beforeAction()
    }
  }

  /** One of its atomic actions. */
  async step<T>(label: string, action: () => T): Promise<T> {
    return this.turns.act(this, label, () => {
      this.steps += 1
      if (this.fault?.name === 'killed' && this.steps > this.fault.at) throw new Killed(this)
      return action()
    })
  }
}

/** Thrown out of a helm that was killed: nothing of what it would have done happens any more. */
class Killed extends Error {
  constructor(helm: HelmProcess) {
    super(`${helm.name} was killed`)
  }
}

/** Helm's records of one release, and what its verbs do to the cluster, action by action. */
export class ModelHelm {
  /** Oldest first. */
  records: Revision[] = []
  /** What goes wrong with the helms to come, one each; undefined for nothing. */
  readonly faults: (HelmFault | undefined)[] = []
  readonly running = new Set<HelmProcess>()
  /** Told each revision at the moment a helm makes it. */
  made: (revision: Revision, helm: HelmProcess) => void = () => {}
  /** What the chart makes of values: its objects, in the order in which Helm applies them. */
  render = renderObjects
  release = { name: 'echo', namespace: 'echo' }
  /** Made by the first install, and left there by all that follows. */
  hasNamespace = false

  constructor(
    private readonly kube: ModelKube,
    private readonly turns: Turns,
    /** Helm 3 leaves a custom resource alone whose manifest did not change, whatever the cluster has. */
    private readonly major: 3 | 4 = 4,
  ) {}

  history(): ReleaseHistory | undefined {
    if (this.records.length === 0) return undefined
    const summaries = this.records.map(summaryOf)
    const inEffect = lastInEffect(summaries)
    const copy = (revision: Revision | undefined) => revision && { ...revision }
    return {
      ...this.release,
      deployed: copy(this.records.find((record) => record.revision === inEffect?.revision)),
      newest: copy(this.records.at(-1)),
      revisions: summaries,
    }
  }

  install(request: UpgradeRequest, by: Actor): Promise<number> {
    return this.run('install', by, async (helm) => {
      await helm.step('read the release', () => {
        if (this.records.length > 0) throw failed(helm, 'cannot re-use a name that is still in use')
        this.release = { name: request.app, namespace: request.namespace }
        this.hasNamespace = true
      })
      const revision = await this.begin(helm, request, 'pending-install', 1)
      await this.finish(helm, revision, [], () => this.mark(revision, 'deployed'))
      return revision.revision
    })
  }

  upgrade(request: UpgradeRequest, by: Actor): Promise<number> {
    return this.run('upgrade', by, async (helm) => {
      const { current, last } = await helm.step('read the release', () => {
        const last = this.records.at(-1)
        if (last?.status.startsWith('pending')) {
          throw failed(helm, 'another operation (install/upgrade/rollback) is in progress')
        }
        const deployed = this.records.findLast(({ status }) => status === 'deployed')
        const current =
          deployed ?? (last?.status === 'failed' || last?.status === 'superseded' ? last : undefined)
        if (!last || !current) throw failed(helm, `"${request.app}" has no deployed releases`)
        return { current, last }
      })
      const revision = await this.begin(helm, request, 'pending-upgrade', last.revision + 1)
      await this.finish(helm, revision, objectsOf(current.manifest), async () => {
        await helm.step(`mark ${current.revision} superseded`, () => this.mark(current, 'superseded'))
        await helm.step(`mark ${revision.revision} deployed`, () => this.mark(revision, 'deployed'))
      })
      return revision.revision
    })
  }

  rollback({ revision: number }: RollbackRequest, by: Actor): Promise<void> {
    return this.run('rollback', by, async (helm) => {
      const { current, target } = await helm.step('read the release', () => {
        const current = this.records.at(-1)
        const target = this.records.find(({ revision }) => revision === number)
        if (!current || !target) throw failed(helm, 'release: not found')
        return { current, target }
      })
      const { chart, config } = target
      const description = `Rollback to ${number}`
      const request = { app: this.release.name, namespace: this.release.namespace, chart: { record: chart } }
      const revision = await this.begin(
        helm,
        { ...request, values: config, description },
        'pending-rollback',
        current.revision + 1,
      )
      const supersede = async () => {
        const deployed = this.records.filter(({ status }) => status === 'deployed')
        for (const old of deployed) {
          await helm.step(`mark ${old.revision} superseded`, () => this.mark(old, 'superseded'))
        }
        await helm.step(`mark ${revision.revision} deployed`, () => this.mark(revision, 'deployed'))
      }
      await this.finish(helm, revision, objectsOf(current.manifest), supersede, () =>
        this.mark(current, 'superseded'),
      )
    })
  }

  uninstall(by: Actor): Promise<void> {
    return this.run('uninstall', by, async (helm) => {
      const newest = await helm.step('read the release', () => this.records.at(-1))
      if (!newest) return
      await helm.step(`mark ${newest.revision} uninstalling`, () => this.mark(newest, 'uninstalling'))
      for (const object of objectsOf(newest.manifest)) {
        await helm.step(`delete ${nameOf(object)}`, () => this.kube.remove(object))
      }
      await helm.step('forget the release', () => (this.records = []))
    })
  }

  /** Adds a revision as if it had been made before, without anybody's action. */
  add(config: JsonObject, status: ReleaseStatus, chart = CHART, description = ''): Revision {
    const { name: app, namespace } = this.release
    this.hasNamespace = true
    if (status === 'deployed') {
      for (const old of this.records) if (old.status === 'deployed') this.mark(old, 'superseded')
      const objects = this.render(app, namespace, config)
      const names = new Set(objects.map(nameOf))
      for (const object of objects) this.kube.apply(markedBy(this.release, object))
      for (const object of this.kube.deployments()) if (!names.has(nameOf(object))) this.kube.remove(object)
    }
    const revision = this.record(
      { app, namespace, chart: { record: chart }, values: config, description },
      status,
    )
    revision.updated = '2026-01-01T00:00:00Z'
    return revision
  }

  private async run<T>(verb: string, by: Actor, work: (helm: HelmProcess) => Promise<T>): Promise<T> {
    const helm = new HelmProcess(by, verb, this.turns, this.faults.shift())
    this.running.add(helm)
    let result: T
    try {
      if (helm.fault?.name === 'refused') {
        await helm.step('refused', () => {
          throw failed(helm, 'the server is currently unable to handle the request')
        })
      }
      result = await work(helm)
    } catch (error) {
      if (error instanceof Killed) throw ended(helm, '', 137)
      throw error
    } finally {
      this.running.delete(helm)
    }
    if (helm.fault?.name === 'answer lost') throw failed(helm, 'unexpected EOF')
    return result
  }

  /** Makes the revision: nothing, where another helm has made one of that number meanwhile. */
  private begin(
    helm: HelmProcess,
    request: UpgradeRequest,
    status: ReleaseStatus,
    number: number,
  ): Promise<Revision> {
    return helm.step(`make revision ${number}`, () => {
      if ((this.records.at(-1)?.revision ?? 0) >= number) throw failed(helm, 'release: already exists')
      const revision = this.record(request, status, number)
      this.made(revision, helm)
      return revision
    })
  }

  /** Applies what the revision has, deletes what it has no more, and has it marked; or marks it failed. */
  private async finish(
    helm: HelmProcess,
    revision: Revision,
    before: JsonObject[],
    succeeded: () => void | Promise<void>,
    alsoWhereFailed: () => void = () => {},
  ): Promise<void> {
    const objects = objectsOf(revision.manifest)
    const names = new Set(objects.map(keyOf))
    const gone = before.filter((object) => !names.has(keyOf(object)))
    const work: [string, () => void][] = [
      ...objects.map((object): [string, () => void] => [
        `apply ${keyOf(object)}`,
        () => this.apply(object, before),
      ]),
      ...gone.map((object): [string, () => void] => [
        `delete ${keyOf(object)}`,
        () => this.kube.remove(object),
      ]),
    ]
    for (const [index, [label, action]] of work.entries()) {
      if (helm.fault?.name === 'fails' && index >= helm.fault.at % work.length) {
        const said = `the server was unable to ${label}: status code 500`
        await helm.step(`mark ${revision.revision} failed`, () => {
          revision.status = 'failed'
          revision.description = `${helm.verb} failed: ${said}`
          alsoWhereFailed()
        })
        throw failed(helm, said)
      }
      await helm.step(label, action)
    }
    await succeeded()
  }

  private apply(object: JsonObject, before: JsonObject[]): void {
    if (this.major === 3 && (object.kind === 'RouteTable' || object.kind === 'Upstream')) {
      const old = before.find((candidate) => keyOf(candidate) === keyOf(object))
      const isThere = this.kube.find(object.kind, nameOf(object)) !== undefined
      if (isThere && old && JSON.stringify(old) === JSON.stringify(object)) return
    }
    this.kube.apply(markedBy(this.release, object))
  }

  private record(
    { app, namespace, chart, values, description }: UpgradeRequest,
    status: ReleaseStatus,
    number = (this.records.at(-1)?.revision ?? 0) + 1,
  ): Revision {
    const revision: Revision = {
      name: app,
      namespace,
      revision: number,
      status,
      description,
      updated: new Date(this.turns.now()).toISOString(),
      chart: 'record' in chart ? chart.record : CHART,
      config: values,
      manifest: manifestOf(this.render(app, namespace, values)),
      applyMethod: this.major === 4 ? 'ssa' : undefined,
    }
    this.records.push(revision)
    this.forget()
    return revision
  }

  /** The oldest revisions go, never the deployed one. */
  private forget(): void {
    while (this.records.length > KEPT_REVISIONS) {
      const oldest = this.records.findIndex(({ status }) => status !== 'deployed')
      this.records.splice(oldest, 1)
    }
  }

  private mark(revision: Revision, status: ReleaseStatus): void {
    revision.status = status
  }
}

function summaryOf(revision: Revision): RevisionSummary {
  const { chart, ...rest } = revision
  return { ...rest, chart: { name: chart.metadata.name, version: chart.metadata.version } }
}

function keyOf(object: JsonObject): string {
  return `${object.kind as string}/${nameOf(object)}`
}

function failed(helm: HelmProcess, said: string): ExternalError {
  return ended(helm, `Error: ${said}`, 1)
}

function ended({ verb }: HelmProcess, stderr: string, code: number): ExternalError {
  return new ExternalError(`helm ${verb} failed${stderr ? `: ${stderr}` : ''}.`, {
    command: `helm ${verb}`,
    code,
    stderr,
  })
}
