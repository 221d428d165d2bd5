import type { VersionPods } from '../../../src/model/events/events.js'
import type { JsonObject } from '../../../src/model/values.js'
import { destinationsOf, fingerprintIn, nameOf, versionOf } from './render.js'
import { Actor, type Turns } from './turns.js'

/** When a version's pods become ready. */
export type Readiness = 'soon' | 'late' | 'never'

const LATE_MS = 20_000

/** Which versions requests get their answers from, by share of all; `error` where nobody answers. */
export type Answers = Record<string, number>

interface Pods {
  ready: boolean
  /** Those of the newest template are there; the ones before serve until then. */
  rolledOut: boolean
  /** Its Deployment is gone, they are not yet. */
  terminating: boolean
}

/** The objects there are, their pods, and what the proxy makes of them. */
export class ModelKube {
  /** By kind and name. */
  readonly objects = new Map<string, JsonObject>()
  readonly readiness: Record<string, Readiness> = {}
  /** The RouteTable that the proxy serves by now. */
  served?: JsonObject
  private readonly pods = new Map<string, Pods>()
  private readonly self = new Actor('cluster')
  private readonly proxy = new Actor('proxy')

  constructor(private readonly turns: Turns) {}

  /** Deployments whose number of pods Helm no longer takes away when its manifest leaves it out. */
  readonly scaledByOthers = new Set<string>()

  /** Creates or replaces an object. */
  apply(object: JsonObject): void {
    const before = this.objects.get(keyOf(object))
    this.objects.set(keyOf(object), object.kind === 'Deployment' ? this.scaled(object, before) : object)
    if (object.kind === 'Deployment')
      this.deploy(versionOf(object), before && !isSameTemplate(before, object))
    if (object.kind === 'RouteTable') this.route()
  }

  remove(object: JsonObject): void {
    if (!this.objects.delete(keyOf(object))) return
    if (object.kind === 'RouteTable') this.route()
    if (object.kind !== 'Deployment') return
    const version = versionOf(object)
    const gone = { ready: false, rolledOut: false, terminating: true }
    this.pods.set(version, gone)
    this.turns.later(this.self, `the pods of ${version} are gone`, () => {
      if (this.pods.get(version) === gone) this.pods.delete(version)
    })
  }

  find(kind: string, name: string): JsonObject | undefined {
    return this.objects.get(`${kind}/${name}`)
  }

  deployments(): JsonObject[] {
    return [...this.objects.values()].filter(({ kind }) => kind === 'Deployment')
  }

  versions(): string[] {
    return this.deployments().map(versionOf).sort()
  }

  hasPods(version: string): boolean {
    return this.pods.has(version)
  }

  /** Whether all pods of a version are ready; false where it has none. */
  isReady(version: string): boolean {
    return this.pods.get(version)?.ready ?? false
  }

  /** Stops a version's pods, until `heal`; tells whether there were any ready ones. */
  crash(version: string): boolean {
    const pods = this.pods.get(version)
    if (!pods?.ready) return false
    pods.ready = false
    return true
  }

  heal(version: string): void {
    const pods = this.pods.get(version)
    if (pods && !pods.terminating) pods.ready = true
  }

  /** Whether the pods of the version's newest template are all ready. */
  isRolledOut(version: string): boolean {
    const { ready = false, rolledOut = false } = this.pods.get(version) ?? {}
    return ready && rolledOut
  }

  versionPods(): VersionPods[] {
    return this.deployments().map((object) => {
      const { replicas, template } = object.spec as unknown as {
        replicas: number
        template: { spec: { containers: { image: string }[] } }
      }
      const version = versionOf(object)
      const ready = this.isReady(version)
      return {
        version,
        deployment: nameOf(object),
        image: template.spec.containers[0]!.image,
        ready: ready ? replicas : 0,
        wanted: replicas,
        problems:
          this.isRolledOut(version) || this.readiness[version] !== 'never' ? [] : ['ImagePullBackOff'],
      }
    })
  }

  /** The versions that answer requests, with these headers, through the routes that the proxy serves now. */
  answers(headers: Record<string, string>): Answers {
    if (!this.served) return { 'http 404': 1 }
    const { marked, regular } = destinationsOf(this.served)
    const isMarked =
      marked && Object.entries(marked.headers).every(([name, value]) => headers[name] === value)
    const answers: Answers = {}
    for (const { version, weight } of isMarked ? [{ version: marked.version, weight: 100 }] : regular) {
      if (weight === 0) continue
      const answering = this.answering(version)
      answers[answering] = (answers[answering] ?? 0) + weight / 100
    }
    return answers
  }

  /** The fingerprint on every answer; undefined where there are no routes. */
  fingerprint(): string | undefined {
    return this.served && fingerprintIn(this.served)
  }

  /** Gloo's default fallback: where a version has no ready pod, any other one answers. */
  private answering(version: string): string {
    if (this.isReady(version)) return version
    const other = this.versions().find((candidate) => this.isReady(candidate))
    return other ?? 'http 503'
  }

  /** As the API server keeps it: a number of pods that nobody sets is 1. */
  private scaled(object: JsonObject, before: JsonObject | undefined): JsonObject {
    const spec = object.spec as JsonObject
    if (spec.replicas !== undefined) return object
    const there = this.scaledByOthers.has(nameOf(object)) ? (before?.spec as JsonObject).replicas : undefined
    return { ...object, spec: { ...spec, replicas: there ?? 1 } }
  }

  private deploy(version: string, isRestart = false): void {
    const there = this.pods.get(version)
    if (there && !there.terminating && !isRestart) return
    const pods = there && isRestart ? there : { ready: false, rolledOut: false, terminating: false }
    pods.rolledOut = false
    this.pods.set(version, pods)
    const readiness = this.readiness[version] ?? 'soon'
    if (readiness === 'never') return
    const ready = () => (pods.rolledOut = pods.ready = !pods.terminating)
    this.turns.later(this.self, `the pods of ${version} are ready`, ready, readiness === 'late' ? LATE_MS : 0)
  }

  private route(): void {
    this.turns.later(this.proxy, 'serves the routes', () => {
      this.served = [...this.objects.values()].find(({ kind }) => kind === 'RouteTable')
    })
  }
}

function isSameTemplate(one: JsonObject, other: JsonObject): boolean {
  const template = ({ spec }: JsonObject) => JSON.stringify((spec as JsonObject).template)
  return template(one) === template(other)
}

function keyOf(object: JsonObject): string {
  return `${object.kind as string}/${nameOf(object)}`
}
