import type { ProxyAnswers } from '../../verification/answers/proxy-answers.js'
import { ENVOY_ANSWERS } from '../envoy/answers.js'

/** Traefik's text for a Service without endpoints. */
const NO_SERVER = /^no available server\s*$/

/**
 * Any implementation's: Envoy's, if an answer is like one of Envoy's, and what is the same for all. Which one it is, answers do not
 * tell: Envoy Gateway leaves out the header that shows Envoy.
 */
export const GATEWAY_ANSWERS: ProxyAnswers = {
  ...ENVOY_ANSWERS,
  errorOf(answer) {
    const { status, body } = answer
    if (status === 503 && NO_SERVER.test(body)) return 'no-healthy-upstream'
    return ENVOY_ANSWERS.errorOf(answer)
  },
}
