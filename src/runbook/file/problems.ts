import { UsageError } from '../../model/errors.js'
import type { Position } from '../runbook.js'

/** Something wrong, and where in the file. */
export interface PlacedProblem {
  position: Position
  message: string
}

/** More problems than a person mends at once. */
const MOST_TOLD = 20

/** All that is wrong with a runbook: a line `FILE:LINE:COLUMN: …` for each problem, in the order of the file. */
export class RunbookError extends UsageError {
  /** Each once, in the order of the file. */
  readonly problems: PlacedProblem[]

  /** `what` follows "There is something" or "There are 3 things". */
  constructor(
    what: string,
    readonly file: string,
    problems: PlacedProblem[],
    nextSteps: string[],
  ) {
    const ordered = inOrder(problems)
    const lines = ordered.map(({ position, message }) => `${file}:${show(position)}: ${message}`)
    const reported = lines.slice(0, MOST_TOLD)
    if (reported.length < lines.length) reported.push(`… and ${lines.length - reported.length} more`)
    const count = lines.length === 1 ? 'is something' : `are ${lines.length} things`
    super(`There ${count} ${what}.`, { state: 'Nothing was changed.', details: reported, nextSteps })
    this.problems = ordered
  }
}

function inOrder(problems: PlacedProblem[]): PlacedProblem[] {
  const byLine = new Map(problems.map((problem) => [`${show(problem.position)} ${problem.message}`, problem]))
  return [...byLine.values()].sort(
    ({ position: a }, { position: b }) => a.line - b.line || a.column - b.column,
  )
}

function show({ line, column }: Position): string {
  return `${line}:${column}`
}
