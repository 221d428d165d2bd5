import type { TreePath } from '../../lib/tree.js'
import { UsageError } from '../../model/errors.js'
import type { Position } from '../runbook.js'

/** Way from the root of a document to a value in it. */
export type Path = TreePath

/** Something wrong with a document: where, and what, a clause. */
export interface Problem {
  path: Path
  /** The key at the end of the path is meant, not its value. */
  isKey?: boolean
  message: string
}

/** The same by its place in the file. */
export interface PlacedProblem {
  position: Position
  message: string
}

/** Problems listed in an error: more than anybody fixes at once. */
const MOST_LISTED = 20

/** Everything that is wrong with a runbook: a line `FILE:LINE:COLUMN: …` for each problem, in the order of the file. */
export class RunbookError extends UsageError {
  /** Each once, in the order of the file. */
  readonly problems: PlacedProblem[]

  constructor(
    message: (count: number) => string,
    readonly file: string,
    problems: PlacedProblem[],
    nextSteps: string[],
  ) {
    const ordered = inOrder(problems)
    const lines = ordered.map(({ position, message }) => `${file}:${show(position)}: ${message}`)
    const reported = lines.slice(0, MOST_LISTED)
    if (reported.length < lines.length) reported.push(`… and ${lines.length - reported.length} more`)
    super(message(lines.length), { state: 'Nothing was changed.', details: reported, nextSteps })
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
