import type { FileData } from './written-runbook.js'
import { Reader } from './value-reader.js'
import { readSteps } from './read-steps.js'
import { readClusters, readWaves, readWindows } from './read-targets.js'
import type { Runbook } from '../runbook.js'
import { checkSchema, type Path, type Problem, runbookSchema } from './schema.js'
import { RunbookSource } from './yaml-source.js'
import { writtenSteps } from './short-form.js'
import { checkSequence } from '../rules/step-rules.js'
import { insertVariables, mapTexts, variableValues } from './variables.js'

export interface ParseOptions {
  /** What messages call the file. */
  file: string
  /** Of `--var`. */
  vars?: Record<string, string>
  env?: Record<string, string | undefined>
  /** Told of each value that comes from the environment, which may be secret. */
  hide?: (value: string) => void
}

/**
 * The runbook in a text. Throws RunbookError with each thing that is wrong: of the form
 * first, where that is right of the variables, then of what the values mean.
 */
export function parseRunbook(text: string, { file, vars = {}, env = {}, hide }: ParseOptions): Runbook {
  const source = RunbookSource.read(text, file)
  const ofForm = checkSchema(source.values, runbookSchema(), (path) => source.textAt(path)).map(
    explainSecondWord,
  )
  if (ofForm.length > 0) throw source.error(ofForm)
  const reader = new Reader(source)
  const form = source.values as FileData
  const exported: string[] = []
  const values = variableValues(
    form.vars ?? {},
    vars,
    env,
    (...problem) => reader.report(...problem),
    (name, value) => {
      exported.push(name)
      reader.hide(name, value)
      hide?.(value)
    },
  )
  // What uses a variable that is wrong would be wrong with it, line after line.
  if (reader.problems.length > 0) {
    const declared = Object.keys(form.vars ?? {})
    const unknown = Object.keys(vars).filter((name) => !declared.includes(name))
    if (unknown.length === reader.problems.length) throw source.undeclared(reader.problems, declared)
    const missing = declared.filter((name) => form.vars![name]?.required && !(name in values))
    const isAll = missing.length === reader.problems.length
    throw isAll ? source.missing(reader.problems, missing) : source.error(reader.problems)
  }
  const data = withVariables(form, values, reader)
  const windows = readWindows(data, reader)
  const clusters = readClusters(data, reader)
  const waves = readWaves(data, clusters, reader)
  const written = writtenSteps(data)
  const steps = readSteps(written, data, { windows, clusters, vars: values }, reader)
  checkSequence(steps, waves, clusters, (index, message) => reader.report(written[index]!.path, message))
  if (reader.problems.length > 0) throw source.error(reader.problems)
  return {
    file,
    name: data.name,
    vars: values,
    exported,
    clusters,
    waves,
    onFailure: data.onFailure ?? 'stop',
    steps,
  }
}

const STEP_WORDS = ['install', 'start', 'shift', 'finish', 'abort', 'pause', 'approve', 'run']

function explainSecondWord(problem: Problem): Problem {
  const { path, isKey } = problem
  const word = path[2]
  if (!isKey || path.length !== 3 || path[0] !== 'steps') return problem
  if (word === 'watch') {
    return { ...problem, message: '"watch" belongs to the pause: write pause: {for: 10m, watch: false}' }
  }
  if (!STEP_WORDS.includes(String(word))) return problem
  return { ...problem, message: `"${word}" is a step of its own: begin another item of the list with it` }
}

/** Every text with the values of the variables it uses, but for their declarations and for commands. */
function withVariables(data: FileData, values: Record<string, string>, reader: Reader): FileData {
  const declared = Object.keys(data.vars ?? {})
  const { vars, ...rest } = data
  const inserted = mapTexts(rest, [], (text, path) => {
    if (isCommand(path)) return text
    const perTarget = path[0] === 'steps' || path[0] === 'rollout'
    return insertVariables(text, values, declared, perTarget, (message) => reader.report(path, message))
  })
  return { ...(inserted as FileData), vars }
}

function isCommand(path: Path): boolean {
  return path[0] === 'steps' && path[2] === 'run' && (path.length === 3 || path[3] === 'command')
}
