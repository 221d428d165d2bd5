import type { OperationResult } from '../../../../src/model/results/change.js'
import { CanaryError, ExternalError } from '../../../../src/model/errors.js'
import type { CanaryEvent } from '../../../../src/model/events/events.js'
import { abort } from '../../../../src/operations/abort.js'
import type { OperationContext } from '../../../../src/operations/context.js'
import { withFailurePolicy } from '../../../../src/operations/change/failure-policy.js'
import { finish } from '../../../../src/operations/finish.js'
import { install } from '../../../../src/operations/install.js'
import { shift } from '../../../../src/operations/shift.js'
import { start } from '../../../../src/operations/start.js'
import { undo } from '../../../../src/operations/undo.js'
import { upgrade } from '../../../../src/operations/upgrade.js'
import { stageOf } from '../../../../src/rollout/stage/stage.js'
import { ModelCluster, ModelWorld } from '../../../support/model-cluster/cluster.js'
import { modelled } from '../../../support/model-cluster/context.js'
import { renderObjects } from '../../../support/model-cluster/render.js'
import { Actor, ChosenTurns } from '../../../support/model-cluster/turns.js'
import { SEED } from '../../rollout/seed-values.js'
import { CommandRun, Rules } from './rules.js'
import { type Command, commandFor, type Deed, type Script, words } from './script.js'

/** A helm is not slowed down for so long that a Lease could run out meanwhile; nor is the proxy. */
const PATIENCE_MS = 2000

/** A story being played, on a model of its own. */
export class Play {
  readonly turns: ChosenTurns
  readonly world: ModelWorld
  readonly rules: Rules
  /** How each command ended, `who: command: outcome`. */
  readonly ends: string[] = []
  private lastOfAnn?: Command

  constructor(private readonly script: Script) {
    this.turns = new ChosenTurns(script.choices, {
      afterEach: () => this.rules.checkTraffic(),
      patienceMs: ({ name }) => (/^(helm|proxy|lease)/.test(name) ? PATIENCE_MS : Number.POSITIVE_INFINITY),
    })
    this.world = new ModelWorld(this.turns, script.helm)
    this.rules = new Rules(this.world)
  }

  async run(): Promise<void> {
    const { script, world, turns } = this
    await this.prepare()
    const running = world.kube.versions()
    for (const [version, readiness] of Object.entries(script.readiness)) {
      // What runs already is an image that works.
      world.kube.readiness[version] = running.includes(version) && readiness === 'never' ? 'late' : readiness
    }
    world.helm.faults.push(...script.faults)
    for (const { version, afterMs } of script.crashes) {
      turns.later(new Actor('pods'), `those of ${version} crash`, () => this.crash(version), afterMs)
    }
    const { ann, ben, sameHost } = script
    await turns.run(
      Promise.all([this.operate('ann', 'a', ann), this.operate('ben', sameHost ? 'a' : 'b', ben)]),
    )
  }

  /** The story's end, by somebody on the host of the first operator: nothing goes wrong any more. */
  async end(): Promise<string> {
    const { world, rules, script, turns } = this
    world.helm.faults.length = 0
    for (const version of rules.disturbed) world.kube.heal(version)
    rules.disturbed.clear()
    const wish = script.ending === 'again' && this.lastOfAnn ? this.lastOfAnn : { name: 'abort' as const }
    const ended = this.deed('eve', 'a', { wish, recover: true, waits: true, onFailure: 'stop' })
    await turns.run(ended)
    return ended
  }

  /** What a person needs to follow it. */
  account(): string {
    return [...this.turns.trace, ...this.ends, ...this.rules.broken].join('\n')
  }

  private async prepare(): Promise<void> {
    const { begins } = this.script
    for (let index = 1; index <= begins; index += 1) this.world.helm.add(SEED[index as 1], 'deployed')
    if (this.script.orphan && begins > 0) {
      const objects = renderObjects('echo', 'echo', { deployment: { v3: {} } })
      for (const object of objects) if (object.kind === 'Deployment') this.world.kube.apply(object)
    }
    await this.turns.run(Promise.resolve())
    this.rules.broken.clear()
    this.turns.trace.length = 0
  }

  private async sleep(who: Actor, milliseconds: number, signals: (AbortSignal | undefined)[]): Promise<void> {
    const { turns } = this
    const isEnded = () => signals.some((signal) => signal?.aborted)
    await turns.until(who, 'pause', isEnded, turns.now() + milliseconds)
  }

  private crash(version: string): void {
    if (this.world.kube.crash(version)) this.rules.disturbed.add(version)
  }

  private async operate(name: string, host: string, deeds: Deed[]): Promise<void> {
    for (const deed of deeds) await this.deed(name, host, deed)
  }

  private async deed(name: string, host: string, deed: Deed): Promise<string> {
    const { wish, recover, waits, onFailure, end } = deed
    const config = this.world.helm.history()?.deployed?.config
    const command = commandFor(wish, config ? stageOf(config) : { name: 'absent' })
    if (name === 'ann') this.lastOfAnn = command
    const actor = new Actor(name, host)
    const cluster = new ModelCluster(this.world, actor)
    const run = new CommandRun(words(command))
    const {
      context,
      verifier,
      abort: interrupt,
    } = modelled(undefined, {
      cluster,
      context: {
        operator: `${name}@${host}`,
        recover,
        onFailure,
        waitForLockMs: waits ? 120_000 : 0,
        podTimeoutMs: 60_000,
        clock: {
          now: () => this.turns.now(),
          sleep: (milliseconds, ...signals) => this.sleep(actor, milliseconds, signals),
        },
        emit: (event) => follow(run, event),
      },
    })
    this.rules.runs.set(actor, run)
    verifier.judged = ({ verdict }, { fingerprint }) =>
      (run.proof = { verdict, fingerprint: fingerprint?.value })
    const died = new Promise<string>((resolve) => {
      actor.beforeAction = () => {
        if (!end || actor.actions !== end.at + 1) return
        if (end.by === 'Ctrl-C') interrupt.abort('SIGINT')
        else if (end.by === 'failing read') cluster.findReleases = failsOnce(cluster)
        else {
          this.kill(actor, end.by === 'kill with helm')
          resolve('killed')
        }
      }
    })
    const outcome = await Promise.race([died, outcomeOf(perform(context, command))])
    this.ends.push(`${name}: ${run.words}: ${outcome}`)
    return outcome
  }

  private kill(actor: Actor, withHelm: boolean): void {
    actor.dead = true
    if (!withHelm) return
    for (const helm of this.world.helm.running) if (helm.parent === actor) helm.dead = true
  }
}

/** From which revision a command's values are made, as it says itself. */
function follow(run: CommandRun, event: CanaryEvent): void {
  if (event.type === 'observed') run.base = event.revision
  if (event.type === 'upgraded') run.base = event.revision
}

function failsOnce(cluster: ModelCluster): ModelCluster['findReleases'] {
  const works = ModelCluster.prototype.findReleases.bind(cluster)
  return () => {
    cluster.findReleases = works
    return Promise.reject(new ExternalError('the connection to the cluster broke'))
  }
}

async function outcomeOf(work: Promise<OperationResult>): Promise<string> {
  try {
    const { stage } = await work
    return `done: ${stage.name}`
  } catch (error) {
    if (error instanceof CanaryError) return `${error.outcome}: ${error.message}`
    throw error
  }
}

function perform(context: OperationContext, command: Command): Promise<OperationResult> {
  const app = 'echo'
  return withFailurePolicy(context, { app }, (held) => {
    switch (command.name) {
      case 'install':
        return install(held, { app, version: command.version, attach: true })
      case 'start':
        return start(held, { app, version: command.version, deployOnly: command.deployOnly })
      case 'shift':
        return shift(held, { app, weight: command.weight })
      case 'finish':
        return finish(held, { app, jump: command.jump })
      case 'abort':
        return abort(held, { app })
      case 'undo':
        return undo(held, { app, version: command.version, fast: command.fast, mayPropose: false })
      case 'upgrade':
        return upgrade(held, { app, set: [`upstream.fallbackPolicy=${command.policy}`] })
    }
  })
}
