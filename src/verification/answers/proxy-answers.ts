import type { ProxyError } from '../../model/verify/answer-errors.js'
import type { HttpAnswer } from './attribution.js'

type Headers = Record<string, string>

/** How to recognise a gateway's proxies in answers. */
export interface ProxyAnswers {
  /** The error of an answer that the proxy itself gave; undefined for all other answers. */
  errorOf(answer: HttpAnswer): ProxyError | undefined
  /** Whether a pod gave the answer, by the headers that the proxy adds. */
  isFromPod(headers: Headers): boolean
  /** The header that shows it, `x-envoy-upstream-service-time`. */
  podHeader: string
  /** How many attempts the proxy made for the answer. */
  attempts(headers: Headers): number
  attemptsHeader: string
}
