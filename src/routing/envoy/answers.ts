import type { ProxyAnswers } from '../../verification/answers/proxy-answers.js'

const POD_HEADER = 'x-envoy-upstream-service-time'
const ATTEMPTS_HEADER = 'x-envoy-attempt-count'

/** Envoy's own answers lack x-envoy-upstream-service-time; an app's have it. */
export const ENVOY_ANSWERS: ProxyAnswers = {
  podHeader: POD_HEADER,
  attemptsHeader: ATTEMPTS_HEADER,
  isFromPod: (headers) => headers[POD_HEADER] !== undefined,
  attempts: (headers) => Number(headers[ATTEMPTS_HEADER] ?? 1),
  errorOf({ status, headers, body }) {
    if (headers[POD_HEADER] !== undefined) return undefined
    if (status === 503 && body.startsWith('no healthy upstream')) return 'no-healthy-upstream'
    if (status === 503 && body === '') return 'empty-503'
    if (status === 404 && body === '') return 'no-route'
    if (status === 404 && body.includes('has invalid configuration')) return 'invalid-gateway-configuration'
    // The proxy sent HTTP/1.1 and got HTTP/2.
    return /reset reason: protocol error/.test(body) ? 'http2-app' : undefined
  },
}
