import { didYouMean } from '../../lib/closest.js'
import { headerProblem } from '../../lib/http/headers.js'
import { pathProblem } from '../../lib/http/url-path.js'
import type { WrittenRunbook } from '../form/runbook.js'
import {
  STEP_FORMS,
  type WrittenAnalysis,
  type WrittenStart,
  type WrittenStep,
  type WrittenVerify,
} from '../form/step.js'
import { nameSteps } from '../steps/step-names.js'
import type {
  Analysis,
  InstallStep,
  RunbookCluster,
  RunbookStep,
  StartStep,
  StepCondition,
  StepVerify,
  Window,
} from '../runbook.js'
import type { Path } from './problems.js'
import type { PlacedStep } from './short-form.js'
import type { Reader } from './value-reader.js'

/** What steps may refer to. */
export interface StepContext {
  windows: Window[]
  clusters: RunbookCluster[]
  vars: Record<string, string>
}

/** The steps in order, each with its id. */
export function readSteps(
  placed: PlacedStep[],
  file: WrittenRunbook,
  known: StepContext,
  reader: Reader,
): RunbookStep[] {
  const ids = nameSteps(
    placed.map((one) => ({ word: wordOf(one.step), given: idIn(one, reader) })),
    (index, message) => reader.report(placed[index]!.path, message),
  )
  return placed.map((one, index) => readStep(one, ids[index]!, file, known, reader))
}

/** What tells a step from others where it has no id of its own. */
function wordOf(step: WrittenStep): string {
  if ('shift' in step) return `shift-${Number(step.shift)}`
  // `verify` may stand beside any other word.
  return Object.keys(step).find((key) => WORDS.includes(key)) ?? 'verify'
}

const WORDS = Object.keys(STEP_FORMS).filter((word) => word !== 'verify')

/** Of an approval, the id may be inside. */
function idIn({ step, pathOf }: PlacedStep, reader: Reader): string | undefined {
  const inner = 'approve' in step && typeof step.approve === 'object' ? step.approve?.id : undefined
  if (inner !== undefined && step.id !== undefined) reader.report(pathOf('id'), TWICE)
  return inner ?? step.id
}

const TWICE = 'is given twice: in the step and beside it'

function readStep(
  { step, path, pathOf }: PlacedStep,
  id: string,
  file: WrittenRunbook,
  known: StepContext,
  reader: Reader,
): RunbookStep {
  const own = 'verify' in step ? (step.verify ?? {}) : {}
  const base = {
    id,
    name: step.name,
    when: readCondition(step.when ?? {}, pathOf('when'), file, known, reader),
    timeoutMs: reader.duration('timeout' in step ? step.timeout : undefined, pathOf('timeout')),
    verify: readVerify(own, pathOf('verify'), reader),
    analyze: readAnalysis('analyze' in step ? step.analyze : undefined, pathOf('analyze'), reader),
    position: reader.positionOf(path),
  }
  /** Of what may be beside the step's word or within its map. */
  const limit = (inner: string | undefined, word: string) => {
    if (inner === undefined) return base.timeoutMs
    if ('timeout' in step && step.timeout !== undefined) reader.report(pathOf('timeout'), TWICE)
    return reader.duration(inner, [...pathOf(word), 'timeout'])
  }
  if ('install' in step) {
    return { ...base, type: 'install', ...readInstall(step.install, pathOf('install'), reader) }
  }
  if ('start' in step) return { ...base, type: 'start', ...readStart(step.start, pathOf('start'), reader) }
  if ('shift' in step) {
    return { ...base, type: 'shift', weight: reader.whole(step.shift, pathOf('shift'), [0, 100]) }
  }
  if ('finish' in step) return { ...base, type: 'finish', jump: step.finish?.jump ?? false }
  if ('abort' in step) return { ...base, type: 'abort' }
  if ('pause' in step) {
    const { for: time, watch = true } = typeof step.pause === 'string' ? { for: step.pause } : step.pause
    const place = typeof step.pause === 'string' ? pathOf('pause') : [...pathOf('pause'), 'for']
    return { ...base, type: 'pause', durationMs: reader.duration(time, place), watch }
  }
  if ('approve' in step) {
    const given = typeof step.approve === 'string' ? { message: step.approve } : (step.approve ?? {})
    const { message = 'Continue?', by, timeout } = given
    const timeoutMs = limit(timeout, 'approve')
    return { ...base, type: 'approve', timeoutMs, message, ...(by === 'other' ? { by } : {}) }
  }
  if ('run' in step) {
    const { command, timeout } = typeof step.run === 'string' ? { command: step.run } : step.run
    return { ...base, type: 'run', timeoutMs: limit(timeout, 'run'), command }
  }
  const analyze = readAnalysis(step.verify?.analyze, [...pathOf('verify'), 'analyze'], reader)
  return { ...base, type: 'verify', analyze }
}

function readInstall(
  given: Extract<WrittenStep, { install: unknown }>['install'],
  path: Path,
  reader: Reader,
): Pick<InstallStep, 'version' | 'image' | 'chart' | 'chartVersion' | 'values'> {
  if (typeof given === 'string') return { version: reader.version(given, path), values: [] }
  const { version, values = [], ...rest } = given
  return { version: reader.version(version, [...path, 'version']), values, ...rest }
}

function readStart(
  given: WrittenStart,
  path: Path,
  reader: Reader,
): Pick<StartStep, 'version' | 'image' | 'headers' | 'deployOnly' | 'shadow' | 'versionValues'> {
  if (typeof given === 'string') return { version: reader.version(given, path), deployOnly: false }
  const { version, headers, deployOnly = false, shadow, ...rest } = given
  if (shadow !== undefined && !deployOnly) {
    reader.report(
      [...path, 'shadow'],
      'needs deployOnly: true beside it: later stages send requests to the canary',
    )
  }
  const problem = headerProblem(Object.entries(headers ?? {}), 'canary')
  if (problem) {
    reader.report([...path, 'headers', problem.name], `${problem.what}: ${problem.remedy}`, true)
  }
  return {
    ...rest,
    version: reader.version(version, [...path, 'version']),
    headers,
    deployOnly,
    shadow: shadow === undefined ? undefined : reader.whole(shadow, [...path, 'shadow'], [0, 100]),
  }
}

function readCondition(
  { window, cluster, app, var: wanted }: NonNullable<WrittenStep['when']>,
  path: Path,
  file: WrittenRunbook,
  { windows, clusters, vars }: StepContext,
  reader: Reader,
): StepCondition {
  const windowNames = windows.map(({ name }) => name)
  if (window !== undefined) reader.names(window, [...path, 'window'], 'window', windowNames)
  const clusterNames = clusters.flatMap(({ name }) => name ?? [])
  const declared = Object.keys(file.vars ?? {})
  for (const name of Object.keys(wanted ?? {}).filter((name) => !declared.includes(name))) {
    reader.report([...path, 'var', name], `is not a variable of the file${didYouMean(name, declared)}`)
  }
  return {
    window: windows.find(({ name }) => name === window),
    clusters: reader.names(cluster, [...path, 'cluster'], 'cluster', clusterNames),
    apps: reader.names(app, [...path, 'app'], 'app', Object.keys(file.apps)),
    variablesMatch: Object.entries(wanted ?? {}).every(([name, value]) => vars[name] === value),
  }
}

function readVerify(
  { tolerance, paths, rate, timeout }: WrittenVerify,
  path: Path,
  reader: Reader,
): StepVerify {
  const number = (value: number | string | undefined, key: string, range: [number, number]) =>
    value === undefined ? undefined : reader.number(value, [...path, key], range, 'a number')
  for (const [index, text] of (paths ?? []).entries()) {
    const problem = pathProblem(text, 'probe')
    if (problem) reader.report([...path, 'paths', index], `is "${text}": ${problem.what}; ${problem.remedy}`)
  }
  const points = number(tolerance, 'tolerance', [0.1, 50])
  return {
    tolerance: points === undefined ? undefined : points / 100,
    paths,
    rate: number(rate, 'rate', [0, 100_000]),
    timeoutMs: reader.duration(timeout, [...path, 'timeout']),
  }
}

function readAnalysis(given: WrittenAnalysis | undefined, path: Path, reader: Reader): Analysis | undefined {
  if (given === undefined || given === false) return undefined
  return given === true ? {} : { durationMs: reader.duration(given, path) }
}
