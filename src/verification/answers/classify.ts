import type { AnswerError, ErrorKind, TransportFailure } from '../../model/verify/answer-errors.js'
import type { AnswerAssertions } from '../../model/verify/verify-settings.js'
import { type AttributionRequest, compileAttribution, type HttpAnswer } from './attribution.js'
import { compilePattern, matcher } from './pattern.js'
import type { ProxyAnswers } from './proxy-answers.js'
import type { ProbeRequest } from '../probing/verifier.js'

/** The outcome of one probe: an answer, or why there is none. */
export type Outcome = { answer: HttpAnswer } | { failure: TransportFailure; message: string }

/** Whose routes served an answer, by the fingerprint header; `untold` if the chart leaves it out. */
export type Routes = 'wanted' | 'foreign' | 'missing' | 'untold'

/** One probe, classified: a version, no version, or an error of some kind. */
export type Observation =
  | { type: 'version'; version: string; routes: Routes }
  | { type: 'unidentified'; routes: Routes }
  | { type: 'error'; error: AnswerError; routes: Routes }

/** Classifies the outcome of a probe. */
export type Classify = (outcome: Outcome) => Observation

/**
 * Compiles the classification of answers. Only an answer with an expected status, through the wanted routes, that meets
 * the assertions counts for a version; any other status is an error whichever routes it came through (a proxy's own 404
 * and 503 may lack route headers). If an answer shows both the proxy's choice and who answered, they have to agree.
 *
 * @throws UsageError for invalid patterns and rules
 */
export function compileClassify(
  request: AttributionRequest &
    Pick<ProbeRequest, 'assertions' | 'fingerprint' | 'soleVersion' | 'namesIgnored' | 'proxy'>,
): Classify {
  const { assertions, fingerprint, proxy, soleVersion } = request
  const attribute = compileAttribution(request)
  const unexpected = compileAssertions(assertions)
  const isExpected = (status: number) =>
    assertions.status.some(([low, high]) => status >= low && status <= high)
  return (outcome) => {
    if (!('answer' in outcome)) return { type: 'error', error: { kind: outcome.failure }, routes: 'untold' }
    const { answer } = outcome
    const routes = routesOf(answer, fingerprint)
    const { status } = answer
    const error = (kind: ErrorKind, detail?: string): Observation => ({
      type: 'error',
      error: { kind, status, ...(detail === undefined ? {} : { detail }) },
      routes,
    })
    if (!isExpected(status)) return error(statusKind(answer, proxy))
    if (routes === 'foreign') return error('foreign-routes')
    if (routes === 'missing') return error(isRedirect(answer) ? 'redirect' : 'no-routes-header')
    const what = unexpected(answer)
    if (what) return error(what.kind, what.detail)
    const { version, chosen } = request.namesIgnored ? {} : attribute(answer)
    if (version !== undefined && chosen !== undefined && version !== chosen)
      return error('fallback', `${version} answered for ${chosen}`)
    if (version !== undefined) return { type: 'version', version, routes }
    if (isRedirect(answer)) return error('redirect')
    const isSole = soleVersion !== undefined && routes === 'wanted' && (chosen ?? soleVersion) === soleVersion
    return isSole ? { type: 'version', version: soleVersion, routes } : { type: 'unidentified', routes }
  }
}

/** The first assertion that an answer fails, as an error. */
function compileAssertions({
  body,
  headers,
}: AnswerAssertions): (answer: HttpAnswer) => AnswerError | undefined {
  const place = 'verify.expect'
  const inBody =
    body === undefined ? undefined : matcher(compilePattern(body, `${place}.body`), `${place}.body`)
  const inHeaders = Object.entries(headers).map(([name, source]) => {
    const where = `${place}.headers.${name}`
    return { name: name.toLowerCase(), match: matcher(compilePattern(source, where), where) }
  })
  return (answer) => {
    for (const { name, match } of inHeaders) {
      const value = answer.headers[name]
      if (value === undefined) return { kind: 'missing-header', detail: name }
      if (!match(value)) return { kind: 'unexpected-header', detail: name }
    }
    return inBody && !inBody(answer.body) ? { kind: 'unexpected-body' } : undefined
  }
}

function isRedirect({ status }: HttpAnswer): boolean {
  return status >= 300 && status < 400 && status !== 304
}

function routesOf(answer: HttpAnswer, fingerprint?: { header: string; value: string }): Routes {
  if (!fingerprint) return 'untold'
  const value = answer.headers[fingerprint.header.toLowerCase()]
  if (value === undefined) return 'missing'
  return value === fingerprint.value ? 'wanted' : 'foreign'
}

/** The kind of error of an unexpected status. */
function statusKind(answer: HttpAnswer, proxy: ProxyAnswers): ErrorKind {
  const { status, headers, body } = answer
  if (isRedirect(answer)) return 'redirect'
  const byProxy = proxy.errorOf(answer)
  if (byProxy) return byProxy
  // nginx: "No required SSL certificate was sent", "The SSL certificate error".
  if (status === 400 && /SSL certificate/i.test(body)) return 'certificate-required'
  if (/^application\/grpc/.test(headers['content-type'] ?? '')) return 'grpc'
  return status < 300 ? 'unexpected-status' : 'status'
}

const CONNECTION_ERRORS = new Set<ErrorKind>([
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
])

const TRANSIENT = new Set<ErrorKind>(['refused', 'reset', 'unreachable', 'connection-error'])

/** Errors between canary and the proxy: they prevent a pass but do not contradict the stage. */
export function isConnectionError({ kind }: AnswerError): boolean {
  return CONNECTION_ERRORS.has(kind)
}

/** Connection errors that may go away: a proxy that restarts, a port-forward that reconnects. */
export function isTransient({ kind }: AnswerError): boolean {
  return TRANSIENT.has(kind)
}
