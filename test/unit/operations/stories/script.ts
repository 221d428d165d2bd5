import fc from 'fast-check'
import type { Stage } from '../../../../src/model/stage.js'
import type { HelmFault } from '../../../support/model-cluster/helm.js'
import type { Readiness } from '../../../support/model-cluster/kube.js'

export type Command =
  | { name: 'install'; version: string }
  | { name: 'start'; version: string; deployOnly: boolean }
  | { name: 'shift'; weight: number }
  | { name: 'finish'; jump: boolean }
  | { name: 'abort' }
  | { name: 'undo'; fast: boolean; version: string }
  | { name: 'upgrade'; policy: string }

/** What an operator wants: a command, or any one that fits the stage the app is in when they come to it. */
export type Wish = Command | { name: 'fitting'; pick: number }

/** One command of an operator, and what happens to it. */
export interface Deed {
  wish: Wish
  /** With `--recover`, as somebody who has read the message before has it. */
  recover: boolean
  waits: boolean
  onFailure: 'stop' | 'abort'
  /** Before which of its actions (or its helm's) canary is killed, alone or with its helm, or gets a Ctrl-C. */
  end?: { at: number; by: 'kill' | 'kill with helm' | 'Ctrl-C' | 'failing read' }
}

/** A whole story of an app: who does what to it, what goes wrong, and in which order. */
export interface Script {
  /** Which of the seed's values files is deployed at the beginning; 0 for none. */
  begins: 0 | 1 | 2 | 3 | 4 | 5 | 6
  ann: Deed[]
  ben: Deed[]
  /** Whether both work on the same host, where a killed canary and its helm can be seen. */
  sameHost: boolean
  helm: 3 | 4
  readiness: Record<string, Readiness>
  /** Whether a Deployment of v3 is there that no release knows of. */
  orphan: boolean
  /** Versions whose pods stop by themselves, and when, milliseconds from the beginning. */
  crashes: { version: string; afterMs: number }[]
  /** Of the helms in the order in which they are run. */
  faults: (HelmFault | undefined)[]
  choices: number[]
  /** What is done at the end, when nothing goes wrong any more: the way back, or ann's last command again. */
  ending: 'abort' | 'again'
}

const version = fc.constantFrom('v2', 'v3', 'v1')

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ name: fc.constant('install' as const), version: fc.constant('v1') }) },
  {
    weight: 4,
    arbitrary: fc.record({ name: fc.constant('start' as const), version, deployOnly: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      name: fc.constant('shift' as const),
      weight: fc.constantFrom(50, 100, 0, 10),
    }),
  },
  { weight: 3, arbitrary: fc.record({ name: fc.constant('finish' as const), jump: fc.boolean() }) },
  { weight: 3, arbitrary: fc.constant({ name: 'abort' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      name: fc.constant('upgrade' as const),
      policy: fc.constantFrom('NO_FALLBACK', 'ANY_ENDPOINT'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ name: fc.constant('undo' as const), fast: fc.boolean(), version }),
  },
)

const wish: fc.Arbitrary<Wish> = fc.oneof(
  { weight: 1, arbitrary: command },
  { weight: 3, arbitrary: fc.record({ name: fc.constant('fitting' as const), pick: fc.nat(5) }) },
)

const deed: fc.Arbitrary<Deed> = fc.record({
  wish,
  recover: fc.boolean(),
  waits: fc.boolean(),
  onFailure: fc.constantFrom('stop', 'abort'),
  end: fc.option(
    fc.record({
      at: fc.nat(60),
      by: fc.constantFrom('kill', 'kill with helm', 'Ctrl-C', 'failing read'),
    }),
    { freq: 2, nil: undefined },
  ),
})

const fault: fc.Arbitrary<HelmFault> = fc.oneof(
  fc.constant({ name: 'refused' as const }),
  fc.record({ name: fc.constant('fails' as const), at: fc.nat(6) }),
  fc.record({ name: fc.constant('killed' as const), at: fc.nat(9) }),
  fc.constant({ name: 'answer lost' as const }),
)

const readiness = fc.constantFrom<Readiness>('soon', 'soon', 'late', 'never')

export const script: fc.Arbitrary<Script> = fc.record({
  begins: fc.constantFrom(1, 1, 2, 3, 4, 5, 0, 6),
  ann: fc.array(deed, { minLength: 1, maxLength: 5, size: 'max' }),
  ben: fc.array(deed, { maxLength: 4, size: 'max' }),
  sameHost: fc.boolean(),
  helm: fc.constantFrom(4, 3),
  readiness: fc.record({ v2: readiness, v3: readiness }),
  orphan: fc.boolean(),
  crashes: fc.array(fc.record({ version, afterMs: fc.nat(60_000) }), { maxLength: 1 }),
  faults: fc.array(fc.option(fault, { freq: 2, nil: undefined }), { maxLength: 12, size: 'max' }),
  choices: fc.array(fc.nat(1023), { maxLength: 300, size: 'max' }),
  ending: fc.constantFrom('abort', 'again'),
})

/** The commands that a stage leaves to choose from. */
export function commandFor(wish: Wish, stage: Stage): Command {
  if (wish.name !== 'fitting') return wish
  const fitting = fittingCommands(stage)
  return fitting[wish.pick % fitting.length]!
}

function fittingCommands(stage: Stage): Command[] {
  switch (stage.name) {
    case 'stable':
      return [
        { name: 'start', version: stage.primary === 'v2' ? 'v3' : 'v2', deployOnly: false },
        { name: 'undo', version: stage.primary === 'v1' ? 'v2' : 'v1', fast: false },
        { name: 'start', version: stage.primary === 'v2' ? 'v1' : 'v2', deployOnly: true },
        { name: 'upgrade', policy: 'NO_FALLBACK' },
        { name: 'undo', version: stage.primary === 'v2' ? 'v1' : 'v2', fast: true },
      ]
    case 'deployed':
      return [
        { name: 'start', version: stage.canary, deployOnly: false },
        { name: 'abort' },
        { name: 'undo', version: stage.canary, fast: true },
      ]
    case 'header':
    case 'weighted':
    case 'shifted':
      return [
        { name: 'shift', weight: 50 },
        { name: 'finish', jump: true },
        { name: 'abort' },
        { name: 'shift', weight: 100 },
        { name: 'undo', version: stage.canary, fast: false },
        { name: 'shift', weight: 0 },
      ]
    default:
      return [{ name: 'install', version: 'v1' }]
  }
}

/** As somebody would have typed it. */
export function words(command: Command): string {
  switch (command.name) {
    case 'install':
      return `install echo ${command.version}`
    case 'start':
      return `start echo ${command.version}${command.deployOnly ? ' --deploy-only' : ''}`
    case 'shift':
      return `shift echo ${command.weight}`
    case 'finish':
      return `finish echo${command.jump ? ' --jump' : ''}`
    case 'abort':
      return 'abort echo'
    case 'undo':
      return `undo echo ${command.version}${command.fast ? ' --fast' : ''}`
    case 'upgrade':
      return `upgrade echo --set upstream.fallbackPolicy=${command.policy}`
  }
}
