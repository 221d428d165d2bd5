import type { ProxyError } from '../../model/answer-errors.js'
import type { HttpAnswer } from './attribution.js'

type Headers = Record<string, string>

/** How a gateway's proxies show in the answers that come through them. */
export interface ProxyAnswers {
  /** The error that an answer is if the proxy gave it by itself; undefined for an app's answers, and for others. */
  errorOf(answer: HttpAnswer): ProxyError | undefined
  /** Whether a pod gave an answer, by the headers that the proxy adds. */
  isFromPod(headers: Headers): boolean
  /** The header that shows the former, `x-envoy-upstream-service-time`. */
  podHeader: string
  /** How often the proxy asked the app for an answer. */
  attempts(headers: Headers): number
  attemptsHeader: string
}
