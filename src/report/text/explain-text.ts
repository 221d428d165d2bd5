import type { ExplainedAnswer, ExplainResult } from '../../model/results/verify.js'
import { describeStage } from '../../model/describe-stage.js'
import type { Palette } from '../terminal/palette.js'

/** Lines of a body that are shown. */
const BODY_LINES = 8

/** The result of `verify --explain`: each request as sent, the raw answer, and how it would be counted. */
export function renderExplained(result: ExplainResult, palette: Palette): string {
  const { app, stage, revision, answers } = result
  return [
    `${palette.strong(app)} ${describeStage(stage)} (revision ${revision})`,
    ...answers.flatMap((answer) => ['', ...explainedLines(answer, palette)]),
    '',
    'nothing was verified: these are single answers, canary verify counts many',
  ].join('\n')
}

function explainedLines(explained: ExplainedAnswer, palette: Palette): string[] {
  const { kind, path, proxy, request, answer, failure, elapsedMs, readings, countsAs } = explained
  const through = proxy ? ` through ${proxy}` : ''
  const came = answer ? `http ${answer.status}` : (failure ?? 'no answer')
  return [
    `${palette.strong(`${request.method} ${path}`)} (${kind})${through} → ${came} in ${Math.round(elapsedMs)} ms`,
    ...headerLines('sent', request.headers),
    ...headerLines('got', answer?.headers ?? {}),
    ...bodyLines(answer?.body),
    ...readings.map(({ rule, version, used }) => {
      const read = version ?? palette.dim('nothing')
      return `  ${'read'.padEnd(8)}${rule}: ${used ? palette.strong(read) : read}`
    }),
    `  ${'counts'.padEnd(8)}${palette.strong(countsAs)}`,
  ]
}

function headerLines(label: string, headers: Record<string, string>): string[] {
  return Object.entries(headers).map(
    ([name, value], index) => `  ${(index === 0 ? label : '').padEnd(8)}${name}: ${value}`,
  )
}

function bodyLines(body: string | undefined): string[] {
  if (body === undefined) return []
  if (body === '') return [`  ${'body'.padEnd(8)}(empty)`]
  const lines = body.trimEnd().split('\n')
  const shown = lines.slice(0, BODY_LINES)
  const left = lines.length - shown.length
  return [...shown, ...(left > 0 ? [`… ${left} more lines`] : [])].map(
    (line, index) => `  ${(index === 0 ? 'body' : '').padEnd(8)}${line}`,
  )
}
