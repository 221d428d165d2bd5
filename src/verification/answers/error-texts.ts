import type { AnswerError, ErrorKind } from '../../model/verify/answer-errors.js'
import { MAX_HEADER_KIB } from '../judging/limits.js'

interface ErrorText {
  text: (error: AnswerError) => string
  /** The likeliest cause, a clause; absent if no cause stands out. */
  hint?: string
}

const words = (text: string, hint?: string): ErrorText => ({ text: () => text, hint })
const http = (what?: string, hint?: string): ErrorText => ({
  text: ({ status }) => `http ${status}${what === undefined ? '' : ` (${what})`}`,
  hint,
})
const UNEXPECTED = 'the answer does not meet verify.expect: see canary verify APP --explain'
const CLIENT_CERTIFICATE = 'the server requires a client certificate: set --cert-file and --key-file'

const TEXTS: Record<ErrorKind, ErrorText> = {
  timeout: words('timeout', 'the application or the proxy hangs'),
  'endless-body': words(
    'endless body',
    'an event stream or a long poll: choose a path whose answers end (verify.paths), or serve it as text/event-stream',
  ),
  'headers-too-large': words('headers too large', `canary reads up to ${MAX_HEADER_KIB} KiB of headers`),
  refused: words('refused', "nothing listens at the proxy's address"),
  reset: words(
    'reset',
    'connection closed without an answer: the proxy or its port-forward may be restarting',
  ),
  unreachable: words('unreachable', "the proxy's address is not reachable from here"),
  tls: words(
    'tls',
    'TLS handshake failed: the port may not serve https, the certificate may be untrusted (--ca-file) or for ' +
      'another name (--host), or a client certificate may be required (--cert-file, --key-file)',
  ),
  'client-certificate': words(
    'client certificate',
    'the server requires a client certificate or rejected the one sent: check --cert-file and --key-file',
  ),
  'not-http': words('not http', 'the listener does not speak HTTP'),
  'http2-only': words(
    'http/2 only',
    'the listener speaks HTTP/2 only, probes are HTTP/1.1: probe a listener that accepts both (--proxy-url)',
  ),
  'http-proxy': words(
    'http proxy',
    'the HTTP proxy (--http-proxy) rejected the probes; for status 407 put user:password@ into its URL',
  ),
  'connection-error': words('connection error'),
  'no-healthy-upstream': http(
    'no healthy upstream',
    'the version has no ready pods, or its routes lead to a port that the Service does not have',
  ),
  'empty-503': http('empty', 'the route names a backend unknown to the proxy'),
  'no-route': http(
    'no route',
    'no route matches: check the path, and that the gateway serves this host and has the routes of the app',
  ),
  'invalid-gateway-configuration': http(
    'invalid gateway configuration',
    "the gateway replaced an invalid route: see the status of the app's routes",
  ),
  'foreign-routes': words(
    'foreign routes',
    'a proxy still serves earlier routes, or other routes take the path',
  ),
  'no-routes-header': words(
    'no routes header',
    'other routes take the path, something in front answers by itself, or a proxy lags behind',
  ),
  redirect: words(
    'redirect',
    'something in front of the app redirects, e.g. to https or a login: probe that address instead',
  ),
  fallback: {
    text: ({ detail }) => `fallback (${detail})`,
    hint: 'the version chosen by the proxy has no ready pod, and the gateway falls back to another one',
  },
  'missing-header': { text: ({ detail }) => `no header ${detail}`, hint: UNEXPECTED },
  'unexpected-header': { text: ({ detail }) => `unexpected header ${detail}`, hint: UNEXPECTED },
  'unexpected-body': words('unexpected body', UNEXPECTED),
  'unexpected-status': http('unexpected', UNEXPECTED),
  status: http(),
  'certificate-required': http('client certificate', CLIENT_CERTIFICATE),
  grpc: http('grpc', 'the app is a gRPC server: choose a path that it serves over HTTP (verify.paths)'),
  'http2-app': http('protocol error', 'the app speaks HTTP/2 only: its backend must be set to HTTP/2'),
  'wrong-version': { text: ({ detail }) => `answered by ${detail}` },
  'no-version': words('no version'),
}

const STATUS_HINTS: Record<number, string> = {
  401: 'authentication is required: set --probe-header',
  403: 'access denied: set credentials with --probe-header',
  404: 'the application does not serve this path',
  429: 'rate limit exceeded: lower --probe-rate',
  464: 'the load balancer speaks HTTP/2 to the app only: probe the gateway behind it (--proxy-url)',
  503: 'the application or the connection to it failed',
  504: 'the application did not answer in time',
  505: 'the listener does not accept HTTP/1.1, which probes use: probe one that does (--proxy-url)',
}

/** An error for people: `http 503 (no healthy upstream)`. */
export function errorText(error: AnswerError): string {
  return TEXTS[error.kind].text(error)
}

/** The likeliest cause of an error, a clause; undefined if none stands out. */
export function hintFor({ kind, status }: AnswerError): string | undefined {
  return kind === 'status' && status !== undefined ? STATUS_HINTS[status] : TEXTS[kind].hint
}
