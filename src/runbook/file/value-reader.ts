import { parseDuration } from '../../lib/durations.js'
import { isVersion, VERSION_FORM } from '../../rollout/stage/version.js'
import type { Position } from '../runbook.js'
import { didYouMean } from '../../lib/closest.js'
import { listed } from '../form/check.js'
import type { Path, Problem } from './problems.js'
import type { RunbookSource } from './yaml-source.js'

/** Characters of a value that may turn up in any text by chance. */
const SHORT = 4
const LONGEST_MS = 30 * 24 * 3_600_000

/** Reads values of a runbook whose form is valid and whose variables are put in; collects what is wrong with them. */
export class Reader {
  readonly problems: Problem[] = []
  private readonly wrong = new Set<string>()
  /** Values of variables that no message shows, by name. */
  private readonly hidden = new Map<string, string>()

  constructor(private readonly source: RunbookSource) {}

  /** Keeps the first problem of a value: others follow from it. */
  report(path: Path, message: string, isKey = false): void {
    const place = JSON.stringify(path)
    if (this.wrong.has(place)) return
    this.wrong.add(place)
    this.problems.push({ path, message: this.withoutHidden(message), isKey })
  }

  /** From now on, messages show the variable's name in place of its value. */
  hide(name: string, value: string): void {
    if (value !== '') this.hidden.set(name, value)
  }

  /** A short value is replaced only inside quotes: elsewhere it may be anything. */
  private withoutHidden(message: string): string {
    let shown = message
    for (const [name, value] of this.hidden) {
      const mask = (text: string) => text.replaceAll(value, () => `\${${name}}`)
      shown = value.length < SHORT ? shown.replace(/"[^"]*"/g, mask) : mask(shown)
    }
    return shown
  }

  positionOf(path: Path): Position {
    return this.source.positionOf(path)
  }

  /** `FILE:LINE:COLUMN`, for messages. */
  placeOf(path: Path): string {
    const { line, column } = this.source.positionOf(path)
    return `${this.source.file}:${line}:${column}`
  }

  /** Milliseconds. */
  duration(text: string, path: Path): number
  duration(text: string | undefined, path: Path): number | undefined
  duration(text: string | undefined, path: Path): number | undefined {
    if (text === undefined) return undefined
    const milliseconds = parseDuration(text)
    if (milliseconds === undefined) {
      this.report(path, `must be a duration like 90s, 10m or 1h30m, not "${text}"`)
    } else if (milliseconds > LONGEST_MS) {
      this.report(path, `must be at most 30 days (720h), not "${text}"`)
    }
    return milliseconds ?? 0
  }

  number(value: number | string, path: Path, [least, most]: [number, number], noun: string): number {
    const number = typeof value === 'number' ? value : /^\d+(\.\d+)?$/.test(value) ? Number(value) : NaN
    if (!(number >= least && number <= most)) {
      this.report(path, `must be ${noun} from ${least} to ${most}, not "${value}"`)
      return least
    }
    return number
  }

  whole(value: number | string, path: Path, range: [number, number]): number {
    const number = this.number(value, path, range, 'a whole number')
    if (!Number.isInteger(number)) this.report(path, `must be a whole number, not "${value}"`)
    return number
  }

  version(text: string, path: Path): string {
    if (!isVersion(text)) this.report(path, `must be a version: ${VERSION_FORM}, not "${text}"`)
    return text
  }

  /** The names in a text or a list of texts; reports unknown ones. */
  names(
    given: string | string[] | undefined,
    path: Path,
    kind: string,
    known: string[],
  ): string[] | undefined {
    if (given === undefined) return undefined
    const names = typeof given === 'string' ? [given] : given
    names.forEach((name, index) => {
      const place = typeof given === 'string' ? path : [...path, index]
      if (!known.includes(name)) this.report(place, noSuch(kind, name, known))
    })
    return names
  }
}

function noSuch(kind: string, name: string, known: string[]): string {
  if (known.length === 0) return `names the ${kind} "${name}", but the file has no ${kind}s`
  return `names the unknown ${kind} "${name}"${didYouMean(name, known)}; the ${kind}s are ${listed(known)}`
}
