import type { AnswerError, ErrorCount, ErrorKind } from '../../src/model/verify/answer-errors.js'
import { errorText } from '../../src/verification/answers/error-texts.js'

const DETAILED: [RegExp, ErrorKind][] = [
  [/^fallback \((.*)\)$/, 'fallback'],
  [/^no header (.*)$/, 'missing-header'],
  [/^unexpected header (.*)$/, 'unexpected-header'],
]
const KINDS: ErrorKind[] = [
  'timeout',
  'endless-body',
  'headers-too-large',
  'refused',
  'reset',
  'unreachable',
  'tls',
  'client-certificate',
  'not-http',
  'http2-only',
  'http-proxy',
  'connection-error',
  'no-healthy-upstream',
  'empty-503',
  'no-route',
  'invalid-gateway-configuration',
  'foreign-routes',
  'no-routes-header',
  'redirect',
  'unexpected-body',
  'unexpected-status',
  'status',
  'certificate-required',
  'grpc',
  'http2-app',
  'no-version',
]

/** The error that reads like this: `http 503 (no healthy upstream)`. */
export function errorOf(text: string): AnswerError {
  for (const [pattern, kind] of DETAILED) {
    const detail = pattern.exec(text)?.[1]
    if (detail !== undefined) return { kind, detail }
  }
  const status = /^http (\d+)/.exec(text)?.[1]
  const http = status === undefined ? {} : { status: Number(status) }
  const kind = KINDS.find((entry) => errorText({ kind: entry, ...http }) === text)
  if (!kind) throw new Error(`no error reads "${text}"`)
  return { kind, ...http }
}

export function errorCounts(byText: Record<string, number>): ErrorCount[] {
  return Object.entries(byText).map(([text, count]) => ({ ...errorOf(text), text, count }))
}

export function byText(counts: ErrorCount[]): Record<string, number> {
  return Object.fromEntries(counts.map(({ text, count }) => [text, count]))
}
