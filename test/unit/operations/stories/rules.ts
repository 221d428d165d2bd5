import type { StageProof } from '../../../../src/model/verify/expectation.js'
import type { Revision } from '../../../../src/model/release.js'
import type { JsonObject } from '../../../../src/model/values.js'
import type { HelmProcess } from '../../../support/model-cluster/helm.js'
import type { ModelWorld } from '../../../support/model-cluster/cluster.js'
import { destinationsOf, fingerprintIn, objectsOf } from '../../../support/model-cluster/render.js'
import type { Actor } from '../../../support/model-cluster/turns.js'

/** One run of a command, as far as the rules go: what it planned from, and what it has proven. */
export class CommandRun {
  /** The revision that its values are made from. */
  base?: number
  upgrades = 0
  /** The newest proof since its last upgrade. */
  proof?: { verdict: StageProof['verdict']; fingerprint?: string }

  constructor(readonly words: string) {}
}

/** What the values say, read anew: the rules must not share a mistake with what they are held against. */
interface Shape {
  versions: string[]
  primary?: string
  canary?: { version: string; weight: number }
}

/** The safety rules of a release in a model, checked at every upgrade and after every action. */
export class Rules {
  readonly broken = new Set<string>()
  /** Versions whose pods were stopped from outside: their requests may fail. */
  readonly disturbed = new Set<string>()
  /** The version of an install whose pods have yet to become ready for the first time: nobody knows the app yet. */
  private installed?: string
  /** By whom a command is run at the moment. */
  readonly runs = new Map<Actor, CommandRun>()

  constructor(private readonly world: ModelWorld) {
    world.helm.made = (revision, helm) => this.made(revision, helm)
  }

  /** Whatever is going on: no request fails, none is answered by a version that the routes don't name. */
  checkTraffic(): void {
    const { kube, helm } = this.world
    // An app that was never deployed is nobody's yet; its remains may go in any order.
    const isInUse = helm.records.some(({ status }) => status === 'deployed' || status === 'superseded')
    if (!kube.served || !isInUse) return
    const { marked, regular } = destinationsOf(kube.served)
    const routed = regular.filter(({ weight }) => weight > 0).map(({ version }) => version)
    for (const version of [...routed, ...(marked ? [marked.version] : [])]) {
      const exists = kube.versions().includes(version)
      if (!exists) this.broken.add(`requests are routed to ${version}, which has no Deployment`)
      else if (kube.isReady(version)) this.installed = undefined
      else if (version !== this.installed && !this.disturbed.has(version)) {
        this.broken.add(`requests are routed to ${version}, whose pods are not ready`)
      }
    }
  }

  private made(revision: Revision, { parent, verb }: HelmProcess): void {
    const run = this.runs.get(parent)
    const said = (what: string) =>
      this.broken.add(`revision ${revision.revision} (${verb}, ${run?.words ?? '?'}) ${what}`)
    if (verb === 'install') this.installed = shapeOf(revision.config).primary
    if (!run || verb === 'install') return
    const earlier = this.world.helm.history()?.revisions.slice(0, -1) ?? []
    const newest = earlier.at(-1)
    if (verb === 'rollback') {
      // What was brought back counts as made by this run: it is not built upon without a proof.
      run.upgrades += 1
      run.proof = undefined
      return
    }
    if (newest?.status !== 'deployed')
      said(`is made from revision ${newest?.revision}, which is ${newest?.status}`)
    if (newest?.revision !== run.base) {
      said(`overwrites revision ${newest?.revision}: its values were made from ${run.base ?? 'nothing'}`)
    }
    const before = shapeOf(newest?.config ?? {})
    const after = shapeOf(revision.config)
    for (const version of servingIn(after)) {
      if (!before.versions.includes(version)) said(`adds ${version} and routes to it`)
    }
    for (const version of servingIn(before)) {
      if (!after.versions.includes(version)) said(`removes ${version}, which gets requests`)
    }
    if (after.canary && !after.versions.includes(after.canary.version))
      said('names a canary that is not deployed')
    this.checkProof(run, before, after, said)
    this.checkPods(before, after, said)
    run.upgrades += 1
    run.base = revision.revision
    run.proof = undefined
  }

  /** Rule 7: forward only on a pass in this run, and nothing is removed without one. */
  private checkProof(run: CommandRun, before: Shape, after: Shape, said: (what: string) => void): void {
    const removed = before.versions.filter((version) => !after.versions.includes(version))
    const towardsCanary = rises(before, after).some((version) => version !== after.primary)
    const isForward = towardsCanary || after.versions.length > before.versions.length
    if (removed.length === 0 && !(isForward && run.upgrades > 0)) return
    if (run.words.includes('unverified')) return
    const deployed = this.world.helm.records.at(-2)
    const wanted = deployed && routesOf(deployed.manifest)
    if (run.proof?.verdict !== 'pass') said(`goes on after ${run.proof?.verdict ?? 'no proof at all'}`)
    else if (run.proof.fingerprint !== wanted) said('goes on after the proof of other routes')
  }

  /** Rule 6: a version whose share rises has ready pods. */
  private checkPods(before: Shape, after: Shape, said: (what: string) => void): void {
    for (const version of rises(before, after)) {
      if (!this.world.kube.isReady(version) && !this.disturbed.has(version)) {
        said(`sends more requests to ${version}, whose pods are not ready`)
      }
    }
  }
}

function shapeOf(config: JsonObject): Shape {
  const { deployment = {}, routes = {} } = config as {
    deployment?: object
    routes?: { primary?: { version?: string }; canary?: { version: string; weight?: number } }
  }
  const { primary, canary } = routes
  return {
    versions: Object.keys(deployment),
    primary: primary?.version,
    canary: canary && { version: canary.version, weight: canary.weight ?? 0 },
  }
}

/** Versions that get requests of any kind. */
function servingIn({ primary, canary }: Shape): string[] {
  const weight = canary?.weight ?? 0
  return [...(primary !== undefined && weight < 100 ? [primary] : []), ...(canary ? [canary.version] : [])]
}

/** Percent of the regular requests that a version gets; a little more for the canary ones. */
function shareOf({ primary, canary }: Shape, version: string): number {
  const weight = canary?.weight ?? 0
  if (version === canary?.version) return weight + 0.5
  return version === primary ? 100 - weight : 0
}

/** Versions that get more requests than before. */
function rises(before: Shape, after: Shape): string[] {
  const isOnlyPrimary = (shape: Shape, version: string) => !shape.canary && shape.primary === version
  return after.versions.filter((version) => {
    // All regular requests already, all canary ones too now: nothing new to a version that had both by its weight.
    if (isOnlyPrimary(after, version) && before.canary?.version === version && before.canary.weight === 100) {
      return false
    }
    return shareOf(after, version) > shareOf(before, version)
  })
}

function routesOf(manifest: string): string | undefined {
  const table = objectsOf(manifest).find(({ kind }) => kind === 'RouteTable')
  return table && fingerprintIn(table)
}
