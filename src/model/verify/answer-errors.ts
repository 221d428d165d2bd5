/** Why a probe got no answer. Most concern the connection to the proxy, not the app behind it. */
export type TransportFailure =
  | 'timeout'
  | 'endless-body'
  | 'headers-too-large'
  | 'refused'
  | 'reset'
  | 'unreachable'
  | 'tls'
  | 'client-certificate'
  | 'not-http'
  | 'http2-only'
  | 'http-proxy'
  | 'connection-error'

/** Errors that the proxy answered by itself, recognized by their body. */
export type ProxyError =
  | 'no-healthy-upstream'
  | 'empty-503'
  | 'no-route'
  | 'invalid-gateway-configuration'
  /** It asked the app with HTTP/1.1 and was answered in HTTP/2. */
  | 'http2-app'

/** Stable ids of everything that makes an answer count as an error. */
export type ErrorKind =
  | TransportFailure
  | ProxyError
  /** Routes other than the wanted ones, and none of the app's at all. */
  | 'foreign-routes'
  | 'no-routes-header'
  | 'redirect'
  /** Another version answered than the one that the proxy chose. */
  | 'fallback'
  /** `verify.expect` */
  | 'missing-header'
  | 'unexpected-header'
  | 'unexpected-body'
  | 'unexpected-status'
  /** An error status without a more specific reason. */
  | 'status'
  | 'certificate-required'
  | 'grpc'
  /** In an analysis: a probe reached another version than it should, or an answer that names none. */
  | 'wrong-version'
  | 'no-version'

/** One error: its kind, and what distinguishes it from others of that kind. */
export interface AnswerError {
  kind: ErrorKind
  /** HTTP status, if there was an answer. */
  status?: number
  /** The header, or the versions. */
  detail?: string
}

/** How often an error occurred. */
export interface ErrorCount extends AnswerError {
  /** For people: `http 503 (no healthy upstream)`. */
  text: string
  count: number
}
