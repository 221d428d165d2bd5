import { stripVTControlCharacters } from 'node:util'

/** On a narrower terminal lines are not wrapped: beside a hanging indent there is no room for a word. */
const NARROWEST = 40
/** A step's mark, its number, or a label: continuation lines start below the text after it. */
const HEAD = /^\s*(?:[✔✖!…→>] )?(?:\d+\. )?/
const LABEL = /^(?:(?:waits for|scaled by) |\S+(?: \S+){0,2} {2,})/
/** Lines of several apps start with the app. */
const GUTTER = /^\S+ +│ /
/** Lines with commands to paste: what ran, what comes next, remedies. */
const PASTED = /^(?:next|undo|runs|ran) |^ {10}$|→ $/
const COMMAND = /^(?:canary|helm|kubectl|export|unset) /
const REMARK = /^(.*?)( {4}\(.*)$/s
/** Between words, but not between a number and its unit: `2.7 s`, `50 %`. */
const BREAK = /(?<!\d) | (?!%|(?:s|ms|min|h|d)\b)/
const COLOUR = /\u001b\[[\d;]*m/y

/**
 * A text for a terminal of this many columns: lines are broken between words, with a hanging indent. A command to paste
 * stays on one line, its note below it if there is no room beside it; so does a word longer than a line. `columns`
 * undefined (a file or a pipe) leaves the text unchanged.
 */
export function wrapText(text: string, columns: number | undefined): string {
  if (columns === undefined || columns < NARROWEST) return text
  return text
    .split('\n')
    .map((line) => wrapLine(line, columns))
    .join('\n')
}

function wrapLine(line: string, columns: number): string {
  const seen = stripVTControlCharacters(line)
  if (seen.length <= columns) return line
  const gutter = GUTTER.exec(seen)?.[0] ?? ''
  const rest = seen.slice(gutter.length)
  const head = HEAD.exec(rest)![0]
  // A label never follows another.
  const label = head.length >= 10 ? '' : (LABEL.exec(rest.slice(head.length))?.[0] ?? '')
  const fits = gutter.length + head.length + label.length <= columns / 2
  const column = gutter.length + head.length + (fits ? label.length : 0)
  const hang = gutter.replace(/[^ │]/g, ' ') + ' '.repeat(Math.max(column, gutter.length + 2) - gutter.length)
  const start = indexOfColumn(line, column)
  const body = line.slice(start)
  if (PASTED.test(label || head) && COMMAND.test(seen.slice(column))) {
    const [, command = body, remark] = REMARK.exec(body) ?? []
    const below = remark ? `\n${filled(hang, remark.trimStart(), hang, columns)}` : ''
    return `${line.slice(0, start)}${command}${below}`
  }
  return filled(line.slice(0, start), body, hang, columns)
}

/** The words of a text in lines, the first after `first`, the others after `hang`. */
function filled(first: string, text: string, hang: string, columns: number): string {
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of text.split(BREAK)) {
    if (!isEmpty && widthOf(line) + 1 + widthOf(word) > columns) {
      lines.push(line.trimEnd())
      line = hang + word
    } else {
      line = isEmpty ? line + word : `${line} ${word}`
    }
    isEmpty = false
  }
  return [...lines, line].join('\n')
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length
}

/** Index of a column in a text with colours. */
function indexOfColumn(line: string, column: number): number {
  let index = 0
  for (let seen = 0; ;) {
    COLOUR.lastIndex = index
    const colour = COLOUR.exec(line)
    if (colour) index += colour[0].length
    else if (seen === column) return index
    else {
      index += 1
      seen += 1
    }
  }
}
