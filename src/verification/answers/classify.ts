import type { AnswerAssertions } from '../../model/verify-settings.js'
import { type AttributionRequest, compileAttribution, type HttpAnswer } from './attribution.js'
import { compilePattern, matcher } from './pattern.js'
import { MAX_HEADER_KIB } from '../judging/limits.js'
import type { ProbeRequest } from '../probing/verifier.js'

/** What came of one probe: an answer, or why there is none. */
export type Outcome = { answer: HttpAnswer } | { failure: TransportFailure; message: string }

/** Ways to get no answer. Most concern the connection to the proxy, not what is behind it: `isConnectionError`. */
export type TransportFailure =
  | 'timeout'
  | 'endless body'
  | 'headers too large'
  | 'refused'
  | 'reset'
  | 'unreachable'
  | 'tls'
  | 'client certificate'
  | 'not http'
  | 'http/2 only'
  | 'http proxy'
  | 'connection error'

/** Whose routes an answer came through, told by the fingerprint header; `untold` where the chart leaves it out. */
export type Routes = 'wanted' | 'foreign' | 'missing' | 'untold'

/** One probe, classified: a version, no version, or an error of some kind. */
export type Observation =
  | { type: 'version'; version: string; routes: Routes }
  | { type: 'unidentified'; routes: Routes }
  | { type: 'error'; kind: string; routes: Routes }

const FOREIGN_ROUTES = 'foreign routes'
const MISSING_ROUTES = 'no routes header'

/** Turns what came of a probe into what it counts as. */
export type Classify = (outcome: Outcome) => Observation

/**
 * What answers count as. Only an answer of an expected status, through the wanted routes, that is as the assertions want
 * it, can speak for a version; another status is an error whichever routes it came through (a proxy's own 404 and 503
 * need not carry route headers). Where the answer tells both whom the proxy chose and who answered, they have to agree.
 *
 * @throws UsageError for patterns and rules that can't be used
 */
export function compileClassify(
  request: AttributionRequest & Pick<ProbeRequest, 'assertions' | 'fingerprint' | 'soleVersion'>,
): Classify {
  const { assertions, fingerprint, soleVersion } = request
  const attribute = compileAttribution(request)
  const unexpected = compileAssertions(assertions)
  const isExpected = (status: number) =>
    assertions.status.some(([low, high]) => status >= low && status <= high)
  return (outcome) => {
    if (!('answer' in outcome)) return { type: 'error', kind: outcome.failure, routes: 'untold' }
    const { answer } = outcome
    const routes = routesOf(answer, fingerprint)
    const error = (kind: string): Observation => ({ type: 'error', kind, routes })
    if (!isExpected(answer.status)) return error(statusKind(answer))
    if (routes === 'foreign') return error(FOREIGN_ROUTES)
    if (routes === 'missing') return error(isRedirect(answer) ? REDIRECT : MISSING_ROUTES)
    const what = unexpected(answer)
    if (what !== undefined) return error(what)
    const { version, chosen } = attribute(answer)
    if (version !== undefined && chosen !== undefined && version !== chosen)
      return error(`${FALLBACK} (${version} answered for ${chosen})`)
    if (version !== undefined) return { type: 'version', version, routes }
    if (isRedirect(answer)) return error(REDIRECT)
    const isSole = soleVersion !== undefined && routes === 'wanted' && (chosen ?? soleVersion) === soleVersion
    return isSole ? { type: 'version', version: soleVersion, routes } : { type: 'unidentified', routes }
  }
}

/** The first assertion that an answer does not meet, as a kind of error. */
function compileAssertions({ body, headers }: AnswerAssertions): (answer: HttpAnswer) => string | undefined {
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
      if (value === undefined) return `no header ${name}`
      if (!match(value)) return `unexpected header ${name}`
    }
    return inBody && !inBody(answer.body) ? UNEXPECTED_BODY : undefined
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

const REDIRECT = 'redirect'
const FALLBACK = 'fallback'
const UNEXPECTED_BODY = 'unexpected body'
const NO_HEALTHY_UPSTREAM = 'http 503 (no healthy upstream)'
const EMPTY_503 = 'http 503 (empty)'
const NO_ROUTE = 'http 404 (no route)'
const INVALID_CONFIG = 'http 404 (invalid gateway configuration)'
const NO_CERTIFICATE = 'http 400 (client certificate)'

/** The kind of an answer of a status that is not expected. Envoy's own answers have no x-envoy-upstream-service-time, an application's have. */
function statusKind(answer: HttpAnswer): string {
  const { status, headers, body } = answer
  if (isRedirect(answer)) return REDIRECT
  const fromProxy = headers['x-envoy-upstream-service-time'] === undefined
  if (fromProxy && status === 503 && body.startsWith('no healthy upstream')) return NO_HEALTHY_UPSTREAM
  if (fromProxy && status === 503 && body === '') return EMPTY_503
  if (fromProxy && status === 404 && body === '') return NO_ROUTE
  if (fromProxy && status === 404 && body.includes('has invalid configuration')) return INVALID_CONFIG
  // nginx: "No required SSL certificate was sent", "The SSL certificate error".
  if (status === 400 && /SSL certificate/i.test(body)) return NO_CERTIFICATE
  if (/^application\/grpc/.test(headers['content-type'] ?? '')) return `http ${status} (grpc)`
  // Envoy asked with HTTP/1.1 and was answered in HTTP/2.
  if (fromProxy && /reset reason: protocol error/.test(body)) return `http ${status} (protocol error)`
  return status < 300 ? `http ${status} (unexpected)` : `http ${status}`
}

const CONNECTION_ERRORS = new Set<string>([
  'headers too large',
  'refused',
  'reset',
  'unreachable',
  'tls',
  'client certificate',
  'not http',
  'http/2 only',
  'http proxy',
  'connection error',
] satisfies TransportFailure[])

/** Errors of the way to the proxy: they keep a check from passing but say nothing against the stage. */
export function isConnectionError(kind: string): boolean {
  return CONNECTION_ERRORS.has(kind)
}

/** Those of them that may pass: a proxy that restarts, a port-forward that is made anew. */
export function mayPass(kind: string): boolean {
  return ['refused', 'reset', 'unreachable', 'connection error'].includes(kind)
}

const HINTS: Record<string, string> = {
  redirect: 'something in front of the app redirects, e.g. to https or a login: probe that address instead',
  [NO_HEALTHY_UPSTREAM]:
    "the version has no ready pods, or the Upstream's servicePort is not a port of the Service",
  [EMPTY_503]: 'the route names an Upstream the proxy does not know',
  [NO_ROUTE]:
    'no route matches: does a VirtualService for this host select the RouteTable, is the path right?',
  [INVALID_CONFIG]: 'Gloo replaced an invalid route: see the status of the RouteTable',
  [NO_CERTIFICATE]: 'what is in front asks for a client certificate: give it with --cert-file and --key-file',
  'client certificate':
    'the server asks for a client certificate, or refuses the one it got: --cert-file and --key-file give it',
  'http/2 only':
    'it speaks HTTP/2 only, and probes are HTTP/1.1: probe a listener that takes both (--proxy-url)',
  'http 464': 'the load balancer speaks HTTP/2 to the app only: probe the gateway behind it (--proxy-url)',
  'http 505': 'it does not take HTTP/1.1, which probes are: probe a listener that does (--proxy-url)',
  'http 502 (protocol error)': 'the app speaks HTTP/2 only: useHttp2 on its Upstreams',
  'http 503 (protocol error)': 'the app speaks HTTP/2 only: useHttp2 on its Upstreams',
  'headers too large': `canary reads up to ${MAX_HEADER_KIB} KiB of headers`,
  'endless body':
    'an event stream or a long poll: name a path whose answers end (verify.paths), or send it as text/event-stream',
  'http 401': 'authentication is asked for: give it with --probe-header',
  'http 403': 'access is refused: give the credentials with --probe-header',
  'http 404': 'the application itself does not know the path',
  'http 429': 'a rate limit is in the way: lower --probe-rate',
  'http 503': 'the application, or the connection to it, failed',
  'http 504': 'the application did not answer in time',
  timeout: 'the application or the proxy hangs',
  refused: 'nothing listens at the address of the proxy',
  reset: 'the connection was closed without an answer: does the proxy, or a port-forward to it, restart?',
  unreachable: 'the address of the proxy can not be reached from here',
  tls:
    'the TLS handshake failed: not https at that port, a certificate that is not trusted (--ca-file) or is for ' +
    'another name (--host), or one of the client is asked for (--cert-file, --key-file)',
  'http proxy':
    'the HTTP proxy (--http-proxy) refuses to let the probes through: 407 asks for user:password@ in its URL',
  'not http': 'what listens there does not speak HTTP',
  [FOREIGN_ROUTES]:
    'a proxy still serves other routes than the ones just applied, or another RouteTable has the path',
  [FALLBACK]:
    'the version that the proxy chose has no ready pod, and Gloo lets another one answer (upstream.fallbackPolicy)',
  [UNEXPECTED_BODY]:
    'the answer is not as verify.expect.body wants it: canary verify APP --explain shows some',
  unexpected: 'the answer is not as verify.expect wants it: canary verify APP --explain shows some',
  [MISSING_ROUTES]:
    'another RouteTable has the path, something in front answers itself, or a proxy is left behind',
}

/** The likeliest cause of an error, a clause; undefined where none is likelier than others. */
export function hintFor(kind: string): string | undefined {
  return HINTS[kind] ?? HINTS[kind.replace(/ .*/s, '')]
}
