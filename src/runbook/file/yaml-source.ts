import { canaryCommand, commented } from '../../model/command-line.js'
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml'
import { valuesOf, YamlError, type YamlDocument, yamlDocuments } from '../../lib/yaml/documents.js'
import { type Path, type PlacedProblem, type Problem, RunbookError } from './problems.js'
import type { Position } from '../runbook.js'
import { withWrittenText } from './written-text.js'

/** Problems whose places are looked up: that takes time in a file that is wrong all over. */
const MOST_SOUGHT = 500

/** Apps, steps or anything else. */
const MOST_ENTRIES = 1000

/** The text of a runbook: its values, and where in the text each is. */
export class RunbookSource {
  private readonly pairs = new Map<YAMLMap, Map<string, Pair>>()
  readonly values: unknown

  private constructor(
    readonly file: string,
    private readonly text: string,
    private readonly document: Document.Parsed,
    private readonly lineOf: (offset: number) => number,
    values: unknown,
  ) {
    this.values = withWrittenText(values, (path) => this.textAt(path))
  }

  /** Throws RunbookError for a text that is not one YAML document with something in it. */
  static read(text: string, file: string): RunbookSource {
    let documents: YamlDocument[]
    let values: unknown
    try {
      documents = yamlDocuments(text, { maxKeys: MOST_ENTRIES, maxItems: MOST_ENTRIES, stringKeys: true })
      values = documents[0] && valuesOf(documents[0])
    } catch (error) {
      if (!(error instanceof YamlError)) throw error
      const column = error.offset === undefined ? 1 : columnOf(text, error.offset)
      throw invalid(file, [{ position: { line: error.line, column }, message: error.message }])
    }
    const [first, second] = documents
    if (!first || values === null || values === undefined) {
      const message = 'the file is empty: canary runbook init prints a template'
      throw invalid(file, [{ position: { line: 1, column: 1 }, message }])
    }
    if (second) {
      const { document, lineOf } = second
      const offset = document.range[0]
      const position = { line: lineOf(offset), column: columnOf(text, offset) }
      throw invalid(file, [{ position, message: 'second document: a file holds one runbook' }])
    }
    return new RunbookSource(file, text, first.document, first.lineOf, values)
  }

  /** Where the value at the path begins, or its key; of a missing value, where the map begins that lacks it. */
  positionOf(path: Path, isKey = false): Position {
    let node: unknown = this.resolve(this.document.contents)
    let offset = startOf(node) ?? 0
    path.forEach((part, depth) => {
      const pair = isMap(node) ? this.pairsOf(node).get(String(part)) : undefined
      const next = pair ? pair.value : isSeq(node) ? node.items[Number(part)] : undefined
      const wantsKey = isKey && depth === path.length - 1
      offset = (wantsKey ? startOf(pair?.key) : (startOf(next) ?? startOf(pair?.key))) ?? offset
      node = this.resolve(next)
    })
    return { line: this.lineOf(offset), column: columnOf(this.text, offset) }
  }

  /** How a number, true or false is written in the file; undefined for anything else. */
  textAt(path: Path): string | undefined {
    let node = this.resolve(this.document.contents)
    for (const part of path) {
      const next = isMap(node)
        ? this.pairsOf(node).get(String(part))?.value
        : isSeq(node)
          ? node.items[Number(part)]
          : undefined
      node = this.resolve(next)
    }
    if (!isScalar(node) || (typeof node.value !== 'number' && typeof node.value !== 'boolean'))
      return undefined
    return node.source
  }

  /** One error that has all of them, with their places. */
  error(problems: Problem[]): RunbookError {
    return invalid(this.file, this.placed(problems))
  }

  /** Only variables lack a value: the file itself is fine. */
  missing(problems: Problem[], names: string[]): RunbookError {
    return new RunbookError(
      () => `The runbook ${this.file} needs a value for ${names.join(', ')}.`,
      this.file,
      this.placed(problems),
      [`add ${names.map((name) => `--var ${name}=…`).join(' ')}`],
    )
  }

  /** Only `--var`s name variables that the file does not declare: the file itself is fine. */
  undeclared(problems: Problem[], declared: string[]): RunbookError {
    const names = declared.length > 0 ? `its variables: ${declared.join(', ')}` : 'it declares no variables'
    return new RunbookError(
      () => `The runbook ${this.file} does not declare every variable given by --var.`,
      this.file,
      this.placed(problems),
      [`correct --var (${names})`, `or declare the variable under vars in ${this.file}`],
    )
  }

  private placed(problems: Problem[]): PlacedProblem[] {
    return problems.slice(0, MOST_SOUGHT).map((problem) => ({
      position: this.positionOf(problem.path, problem.isKey),
      message: sentence(problem),
    }))
  }

  private pairsOf(map: YAMLMap): Map<string, Pair> {
    let pairs = this.pairs.get(map)
    if (!pairs) {
      pairs = new Map(map.items.map((pair) => [isScalar(pair.key) ? String(pair.key.value) : '', pair]))
      this.pairs.set(map, pairs)
    }
    return pairs
  }

  private resolve(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.document) : node
  }
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]
}

function columnOf(text: string, offset: number): number {
  return offset === 0 ? 1 : offset - text.lastIndexOf('\n', offset - 1)
}

/** `steps[2].shift must be …`; messages about keys need no place. */
function sentence({ path, isKey, message }: Problem): string {
  if (isKey || path.length === 0) return message
  const name = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')
  return `${name.replace(/^\./, '')} ${message}`
}

function invalid(file: string, problems: PlacedProblem[]): RunbookError {
  return new RunbookError(
    (count) => `The runbook ${file} has ${count} problem${count === 1 ? '' : 's'}.`,
    file,
    problems,
    [commented(canaryCommand(['runbook', 'lint', file]), 'once corrected')],
  )
}
