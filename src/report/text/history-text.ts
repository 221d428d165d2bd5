import { canaryCommand } from '../../model/command-line.js'
import type { AppHistory, HistoryEntry, HistoryGap } from '../../model/results/history.js'
import type { Stage } from '../../model/stage.js'
import type { Palette } from '../terminal/palette.js'
import { ago } from './phrases.js'
import { fittingColumns } from '../terminal/table.js'

export interface HistoryLayout {
  /** Milliseconds since the epoch. */
  now: number
  /** Width of the terminal; undefined for a file or pipe: one line per revision, and exact times. */
  columns?: number
}

const HEADS = ['REVISION', 'WHEN', 'STAGE', 'VERSIONS', 'PROOF', 'STATUS', 'BY']
const LAST_HEAD = 'WHAT HAPPENED'
/** Columns that a narrow terminal drops, the least important first. */
const DROP_FIRST = ['BY', 'WHEN', 'VERSIONS', 'STATUS']
/** With less room than this, the last column gets its own lines. */
const LEAST_WIDTH = 40

/** A release's history as a table, newest last. */
export function renderHistory(
  history: AppHistory,
  palette: Palette,
  { now, columns }: HistoryLayout,
): string {
  const { entries } = history
  const rows = entries.map((entry) => cellsOf(entry, columns === undefined ? undefined : now))
  const widths = HEADS.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]!.length)))
  const kept = fittingColumns(HEADS, widths, columns, DROP_FIRST)
  const used = kept.reduce((sum, column) => sum + widths[column]! + 2, 0)
  const beside = columns === undefined || columns - used >= LEAST_WIDTH
  const indent = beside ? used : widths[0]! + 2
  const room = columns === undefined ? Infinity : columns - indent

  const line = (row: string[], paint = (cell: string, _column: number) => cell) =>
    kept.map((column) => paint(row[column]!.padEnd(widths[column]!), column)).join('  ')
  const withWhat = (row: string, what: string[]) => {
    const [first = '', ...rest] = what.map((text, index) =>
      beside && index === 0 ? text : ' '.repeat(indent) + text,
    )
    return [beside ? `${row}  ${first}` : `${row.trimEnd()}\n${first}`, ...rest].join('\n')
  }
  return [
    palette.dim(beside ? `${line(HEADS)}  ${LAST_HEAD}` : line(HEADS).trimEnd()),
    ...olderLine(history, palette),
    ...entries.flatMap((entry, index) => [
      ...gapLine(history.gaps, entry, palette),
      withWhat(
        line(rows[index]!, (cell, column) => painted(cell, column, entry, palette)),
        wrapped(entry.what, room),
      ),
    ]),
  ].join('\n')
}

function cellsOf(entry: HistoryEntry, now: number | undefined): string[] {
  const { revision, when, stage, status, who = '-' } = entry
  return [
    String(revision),
    now === undefined ? when.replace(/\.\d+Z$/, 'Z') : ago(when, now),
    stageText(stage),
    versionsText(stage),
    proofText(entry.proof),
    status,
    who,
  ]
}

function stageText(stage: Stage | undefined): string {
  if (!stage) return '-'
  return stage.name === 'weighted' ? `weighted ${stage.weight} %` : stage.name
}

/** `v1`, or with two versions `v1 → v2`. */
function versionsText(stage: Stage | undefined): string {
  if (!stage || !('primary' in stage)) return '-'
  if ('canary' in stage) return `${stage.primary} → ${stage.canary}`
  return stage.primary
}

function proofText(proof: HistoryEntry['proof']): string {
  switch (proof) {
    case 'pass':
      return '✔ pass'
    case 'fail':
      return '✖ fail'
    case 'inconclusive':
    case 'unverified':
      return `! ${proof}`
    case 'not recorded':
      return '-'
  }
}

function painted(cell: string, column: number, { proof, status }: HistoryEntry, palette: Palette): string {
  if (HEADS[column] === 'PROOF') {
    if (proof === 'pass') return palette.good(cell)
    if (proof === 'fail') return palette.bad(cell)
    return proof === 'not recorded' ? palette.dim(cell) : palette.warn(cell)
  }
  if (HEADS[column] !== 'STATUS') return cell
  if (status === 'deployed') return palette.strong(cell)
  if (status === 'superseded') return palette.dim(cell)
  return status === 'failed' ? palette.bad(cell) : palette.warn(cell)
}

function olderLine({ app, namespace, entries, older }: AppHistory, palette: Palette): string[] {
  if (older === 0) return []
  const all = canaryCommand(['history', app, '--limit', entries.length + older], { app, namespace })
  return [palette.dim(`(${older} older ${older === 1 ? 'revision' : 'revisions'}: ${all})`)]
}

function gapLine(gaps: HistoryGap[], { revision }: HistoryEntry, palette: Palette): string[] {
  const gap = gaps.find(({ to }) => to === revision - 1)
  if (!gap) return []
  const { from, to } = gap
  if (from === 1) return [palette.dim('(older revisions are no longer kept)')]
  return [
    palette.dim(`(${from === to ? `revision ${to} is` : `revisions ${from} to ${to} are`} no longer kept)`),
  ]
}

/** A text in lines of at most this many characters, broken between words if possible. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
