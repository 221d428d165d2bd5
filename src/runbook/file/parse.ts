import { checkForm } from '../form/check.js'
import type { WrittenRunbook } from '../form/runbook.js'
import { STEP_FORMS } from '../form/step.js'
import { Reader } from './value-reader.js'
import { readSteps } from './read-steps.js'
import { readClusters, readWaves, readWindows } from './read-targets.js'
import type { Runbook } from '../runbook.js'
import type { Path, Problem } from './problems.js'
import { RunbookSource } from './yaml-source.js'
import { placedSteps } from './short-form.js'
import { checkSequence } from '../steps/step-order.js'
import { insertVariables, mapTexts, variableValues } from './variables.js'

export interface ParseOptions {
  /** What messages call the file. */
  file: string
  /** Of `--var`. */
  vars?: Record<string, string>
  env?: Record<string, string | undefined>
  /** Gets each value that comes from the environment: it may be secret. */
  hide?: (value: string) => void
}

/**
 * The runbook in a text. Throws RunbookError with everything that is wrong: with the form; if that is valid, with the
 * variables; then with what the values mean.
 */
export function parseRunbook(text: string, { file, vars = {}, env = {}, hide }: ParseOptions): Runbook {
  const source = RunbookSource.read(text, file)
  const checked = checkForm(source.values, (path) => source.textAt(path))
  if ('problems' in checked) throw source.error(checked.problems.map(explainSecondWord))
  const form = checked.runbook
  const reader = new Reader(source)
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
  // Every use of a wrong variable would be reported as well.
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
  const placed = placedSteps(data)
  const steps = readSteps(placed, data, { windows, clusters, vars: values }, reader)
  checkSequence(steps, waves, clusters, (index, message) => reader.report(placed[index]!.path, message))
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

function explainSecondWord(problem: Problem): Problem {
  const { path, isKey } = problem
  const word = path[2]
  if (!isKey || path.length !== 3 || path[0] !== 'steps') return problem
  if (word === 'watch') {
    return { ...problem, message: '"watch" belongs to the pause: write pause: {for: 10m, watch: false}' }
  }
  if (!Object.hasOwn(STEP_FORMS, String(word))) return problem
  return { ...problem, message: `"${word}" is a step of its own: give it its own list item` }
}

/** Puts the values of variables into every text, except their declarations and commands. */
function withVariables(data: WrittenRunbook, values: Record<string, string>, reader: Reader): WrittenRunbook {
  const declared = Object.keys(data.vars ?? {})
  const { vars, ...rest } = data
  const inserted = mapTexts(rest, (text, path) => {
    if (isCommand(path)) return text
    const perTarget = path[0] === 'steps' || path[0] === 'rollout'
    return insertVariables(text, values, declared, perTarget, (message) => reader.report(path, message))
  })
  return { ...(inserted as WrittenRunbook), vars }
}

function isCommand(path: Path): boolean {
  return path[0] === 'steps' && path[2] === 'run' && (path.length === 3 || path[3] === 'command')
}
