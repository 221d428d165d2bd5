import type { Stage } from '../src/model/stage.js'
import type { JsonObject } from '../src/model/values.js'
import { startTraffic, type Traffic } from '../test/support/traffic.js'
import type { Arena } from './arena.js'
import { orphansOf, revisionsOf } from './release.js'

/** Where a rollout stands, as far as a case is held to it. */
export interface Target {
  name: Stage['name']
  primary: string
  canary?: string
  weight?: number
}

export type MoveKind = 'start' | 'shift' | 'finish' | 'abort'

/** A command and the stage it leads to. */
export interface Move {
  kind: MoveKind
  args: string[]
  target: Target
}

/** One app that goes from rollout to rollout under its users' traffic: each case begins where the last one ended. */
export class Subject {
  private versions = 1
  at: Target = { name: 'stable', primary: 'v1' }

  private constructor(
    readonly arena: Arena,
    readonly app: string,
    readonly traffic: Traffic,
  ) {}

  /** Throws where that fails. */
  static async install(arena: Arena, app: string): Promise<Subject> {
    const args = ['install', app, 'v1', ...arena.provider.install]
    const { code, stderr } = await arena.canary(args)
    if (code !== 0) throw new Error(`canary ${args.join(' ')} ended with ${code}:\n${stderr}`)
    return new Subject(arena, app, startTraffic(`${arena.proxyUrl}/${app}`, arena.perSecond))
  }

  /** A version that was never there before. */
  newVersion(): string {
    this.versions += 1
    return `v${this.versions}`
  }

  start(version = this.newVersion()): Move {
    const target: Target = { name: 'header', primary: this.at.primary, canary: version }
    return { kind: 'start', args: ['start', this.app, version], target }
  }

  shift(weight: number): Move {
    const name = weight === 0 ? 'header' : weight === 100 ? 'shifted' : 'weighted'
    const target: Target = { ...this.at, name, weight: name === 'weighted' ? weight : undefined }
    return { kind: 'shift', args: ['shift', this.app, String(weight)], target }
  }

  finish(): Move {
    const primary = this.at.canary ?? this.at.primary
    return { kind: 'finish', args: ['finish', this.app, primary], target: { name: 'stable', primary } }
  }

  abort(): Move {
    const target: Target = { name: 'stable', primary: this.at.primary }
    return { kind: 'abort', args: ['abort', this.app], target }
  }

  /** Runs a move with nothing in its way. Throws where it does not reach its target. */
  async go(move: Move, flags: string[] = []): Promise<number> {
    const { code, stderr, ms } = await this.arena.canary([...move.args, ...flags])
    const problems = code === 0 ? await this.check(move.target) : [`exit ${code}\n${stderr}`]
    if (problems.length > 0) throw new Error(`canary ${move.args.join(' ')}: ${problems.join('; ')}`)
    this.at = move.target
    return ms
  }

  /** Where `canary status` says the app is. */
  async observe(): Promise<{ stage: Target; unfinished: boolean }> {
    const { code, stdout, stderr } = await this.arena.canary(['status', this.app, '--json'])
    if (code !== 0) throw new Error(`canary status ${this.app} ended with ${code}:\n${stderr}`)
    const { stage, unfinished } = JSON.parse(stdout) as { stage: Target; unfinished?: object }
    const { name, primary, canary, weight } = stage
    return { stage: { name, primary, canary, weight }, unfinished: unfinished !== undefined }
  }

  /** What is not as it must be with the app in this stage; empty where all is. */
  async check(target: Target): Promise<string[]> {
    const [{ stage, unfinished }, revisions, orphans] = await Promise.all([
      this.observe(),
      revisionsOf(this.arena, this.app),
      orphansOf(this.arena, this.app),
    ])
    const problems: string[] = []
    if (describe(stage) !== describe(target)) problems.push(`in ${describe(stage)}, not ${describe(target)}`)
    const newest = revisions.at(-1)
    if (unfinished || newest?.status !== 'deployed') {
      problems.push(`revision ${newest?.revision} is ${newest?.status}`)
    }
    if (orphans.length > 0) problems.push(`orphans: ${orphans.join(', ')}`)
    return problems
  }
}

/** The rollouts that cases go through in turn: one to its end, one back. */
export const ROLLOUTS: MoveKind[][] = [
  ['start', 'shift', 'finish'],
  ['start', 'shift', 'abort'],
]

/** What comes next for an app within the rollout of this number. */
export function nextMove(subject: Subject, rollout: number): Move {
  const goesToItsEnd = rollout % ROLLOUTS.length === 0
  if (subject.at.name === 'stable') return subject.start()
  if (subject.at.name === 'header') return subject.shift(goesToItsEnd ? 30 : 100)
  return goesToItsEnd ? subject.finish() : subject.abort()
}

/** The stage that values say, read past canary. */
export function targetOf(config: JsonObject): Target {
  const { primary, canary } = config.routes as {
    primary: { version: string }
    canary?: { version: string; weight?: number }
  }
  if (canary) {
    const weight = canary.weight ?? 0
    const name = weight === 0 ? 'header' : weight === 100 ? 'shifted' : 'weighted'
    return {
      name,
      primary: primary.version,
      canary: canary.version,
      weight: name === 'weighted' ? weight : undefined,
    }
  }
  const versions = Object.keys(config.deployment as JsonObject)
  return { name: versions.length === 1 ? 'stable' : 'deployed', primary: primary.version }
}

export function describe({ name, primary, canary, weight }: Target): string {
  return [name, primary, canary, weight].filter((part) => part !== undefined).join(' ')
}
