import type { LocalAnswer } from '../gateway/routes.js'

/**
 * Differences between proxies that do not depend on routes: the wording of their own answers, headers they add, how
 * they choose.
 */
export interface ProxyTraits {
  /** How a destination is chosen by weight. */
  balance: 'random' | 'round robin'
  /** The `server` header of every answer, the application's included. */
  server?: string
  /** Whether answers carry `x-envoy-upstream-service-time`. */
  timesUpstream: boolean
  /** The port of Envoy's admin interface, with counters; undefined if it has none. */
  adminPort?: number
  noRoute: LocalAnswer
  noEndpoints: LocalAnswer
  unreachable: LocalAnswer
  timedOut: LocalAnswer
}

/** Envoy's defaults, as in Gloo and Contour. */
export const ENVOY: ProxyTraits = {
  balance: 'random',
  server: 'envoy',
  timesUpstream: true,
  adminPort: 19_000,
  noRoute: { status: 404, body: '' },
  noEndpoints: { status: 503, body: 'no healthy upstream' },
  unreachable: {
    status: 503,
    body: 'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused',
  },
  timedOut: { status: 504, body: 'upstream request timeout' },
}
