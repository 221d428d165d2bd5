import { headerProblem } from '../../lib/http/headers.js'
import { pathProblem } from '../../lib/http/url-path.js'
import type { AnalysisData, FileData, NumberData, StepData, VerifyData } from './written-runbook.js'
import type { Reader } from './value-reader.js'
import type { Analysis, RunbookCluster, RunbookStep, StepCondition, StepVerify, Window } from '../runbook.js'
import type { Path } from './schema.js'
import type { WrittenStep } from './short-form.js'
import { nameSteps } from '../rules/step-names.js'
import { nearest } from './schema.js'

/** What steps may refer to. */
export interface StepContext {
  windows: Window[]
  clusters: RunbookCluster[]
  vars: Record<string, string>
}

/** What a step does, without what all steps have. */
type Deed<T = RunbookStep> = T extends RunbookStep ? Omit<T, keyof CommonFields> : never
type CommonFields = Pick<
  RunbookStep,
  'id' | 'name' | 'when' | 'timeoutMs' | 'verify' | 'analyze' | 'position'
>

/** The steps in order, each with its id. */
export function readSteps(
  written: WrittenStep[],
  file: FileData,
  known: StepContext,
  reader: Reader,
): RunbookStep[] {
  const read = written.map((step) => readStep(step, file, known, reader))
  const ids = nameSteps(
    read.map((deed, index) => ({ deed, given: givenId(written[index]!, reader) })),
    (index, message) => reader.report(written[index]!.path, message),
  )
  return read.map((step, index) => ({ ...step, id: ids[index]! }))
}

type Unnamed<T = RunbookStep> = T extends RunbookStep ? Omit<T, 'id'> : never

function readStep(step: WrittenStep, file: FileData, known: StepContext, reader: Reader): Unnamed {
  const { data, path, pathOf } = step
  const isVerify = wordOf(data) === 'verify'
  const inner = innerTimeout(data)
  if (inner !== undefined && data.timeout !== undefined) {
    reader.report(pathOf('timeout'), 'is given twice: in the step and beside it')
  }
  return {
    ...readDeed(step, reader),
    name: data.name,
    when: readCondition(step, file, known, reader),
    timeoutMs:
      inner === undefined
        ? reader.duration(data.timeout, pathOf('timeout'))
        : reader.duration(inner, [...pathOf(wordOf(data)), 'timeout']),
    verify: readVerify(data.verify ?? {}, pathOf('verify'), reader),
    analyze: isVerify
      ? readAnalysis(data.verify?.analyze, [...pathOf('verify'), 'analyze'], reader)
      : readAnalysis(data.analyze, pathOf('analyze'), reader),
    position: reader.positionOf(path),
  }
}

const WORDS = ['install', 'start', 'shift', 'finish', 'abort', 'pause', 'approve', 'run'] as const

/** The step's one word; `verify` where there is no other, which it may stand beside. */
function wordOf(data: StepData): (typeof WORDS)[number] | 'verify' {
  return WORDS.find((word) => Object.hasOwn(data, word)) ?? 'verify'
}

function readDeed({ data, pathOf }: WrittenStep, reader: Reader): Deed {
  const word = wordOf(data)
  const path = pathOf(word)
  switch (word) {
    case 'install': {
      const { version, image, chart, values } =
        typeof data.install === 'string' ? { version: data.install } : data.install!
      const place = typeof data.install === 'string' ? path : [...path, 'version']
      return { type: word, version: reader.version(version, place), image, chart, values: values ?? [] }
    }
    case 'start':
      return readStart(data.start!, path, reader)
    case 'shift':
      return { type: word, weight: reader.whole(data.shift!, path, [0, 100]) }
    case 'finish':
      return { type: word, jump: data.finish?.jump ?? false }
    case 'abort':
      return { type: word }
    case 'pause': {
      const { for: time, watch } = typeof data.pause === 'string' ? { for: data.pause } : data.pause!
      const place = typeof data.pause === 'string' ? path : [...path, 'for']
      return { type: word, durationMs: reader.duration(time, place), watch: watch ?? true }
    }
    case 'approve': {
      const { message, by } =
        typeof data.approve === 'string' ? { message: data.approve } : (data.approve ?? {})
      return { type: word, message: message ?? 'Go on?', ...(by === 'other' ? { by } : {}) }
    }
    case 'run':
      return { type: word, command: typeof data.run === 'string' ? data.run : data.run!.command }
    case 'verify':
      return { type: word }
  }
}

function readStart(given: NonNullable<StepData['start']>, path: Path, reader: Reader): Deed {
  const { version, image, headers, deployOnly, shadow, versionValues } =
    typeof given === 'string' ? { version: given } : given
  if (shadow !== undefined && !deployOnly) {
    reader.report(
      [...path, 'shadow'],
      'needs deployOnly: true beside it: afterwards requests go to the canary',
    )
  }
  const problem = headerProblem(Object.entries(headers ?? {}), 'canary')
  if (problem) {
    reader.report([...path, 'headers', problem.name], `${problem.what}: ${problem.remedy}`, true)
  }
  return {
    type: 'start',
    version: reader.version(version, typeof given === 'string' ? path : [...path, 'version']),
    image,
    headers,
    deployOnly: deployOnly ?? false,
    shadow: shadow === undefined ? undefined : reader.whole(shadow, [...path, 'shadow'], [0, 100]),
    versionValues,
  }
}

function readCondition(
  { data, pathOf }: WrittenStep,
  file: FileData,
  { windows, clusters, vars }: StepContext,
  reader: Reader,
): StepCondition {
  const { window, cluster, app, var: wanted } = data.when ?? {}
  const path = pathOf('when')
  const windowNames = windows.map(({ name }) => name)
  if (window !== undefined) reader.names(window, [...path, 'window'], 'window', windowNames)
  const clusterNames = clusters.flatMap(({ name }) => name ?? [])
  const declared = Object.keys(file.vars ?? {})
  for (const name of Object.keys(wanted ?? {}).filter((name) => !declared.includes(name))) {
    reader.report([...path, 'var', name], `is no variable of the file${nearest(name, declared)}`)
  }
  return {
    window: windows.find(({ name }) => name === window),
    clusters: reader.names(cluster, [...path, 'cluster'], 'cluster', clusterNames),
    apps: reader.names(app, [...path, 'app'], 'app', Object.keys(file.apps)),
    variablesMatch: Object.entries(wanted ?? {}).every(([name, value]) => vars[name] === value),
  }
}

function readVerify({ tolerance, paths, rate, timeout }: VerifyData, path: Path, reader: Reader): StepVerify {
  const number = (value: NumberData | undefined, key: string, range: [number, number]) =>
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

function readAnalysis(given: AnalysisData | undefined, path: Path, reader: Reader): Analysis | undefined {
  if (given === undefined || given === false) return undefined
  return given === true ? {} : { durationMs: reader.duration(given, path) }
}

/** `approve` and `run` may have their timeout inside. */
function innerTimeout({ approve, run }: StepData): string | undefined {
  const inner = approve ?? run
  return inner && typeof inner === 'object' ? inner.timeout : undefined
}

/** Of an approval, the id may be inside. */
function givenId({ data, pathOf }: WrittenStep, reader: Reader): string | undefined {
  const inner = data.approve && typeof data.approve === 'object' ? data.approve.id : undefined
  if (inner !== undefined && data.id !== undefined) {
    reader.report(pathOf('id'), 'is given twice: in the step and beside it')
  }
  return inner ?? data.id
}
