import type { ShadowCheck } from '../../model/expectation.js'
import { confidenceInterval, defaultTolerance } from './judge.js'

/** Two counters read one after the other may be apart by what comes between: no such difference is a failure. */
const SLACK = 0.01

/**
 * Whether the share of the requests that were copied is the one asked for: a pass where its anytime-valid interval lies
 * within the tolerance, a fail where it has nothing near the share, undefined while more requests are needed.
 *
 * @param share of the requests, above 0, up to 1
 * @param alpha level of the interval is 1 - alpha
 */
export function judgeShadow(
  version: string,
  share: number,
  { requests, copies }: { requests: number; copies: number },
  alpha: number,
): ShadowCheck | undefined {
  const [low, high] = confidenceInterval(Math.min(copies, requests), requests, 0, alpha)
  const tolerance = share > 0.9 ? 0.1 : defaultTolerance(share)
  const slack = Math.min(SLACK, share / 2)
  const points = (part: number) => Math.round(part * 1000) / 10
  const counted = `copies to ${version}: ${copies} of ${requests} requests, ${points(requests > 0 ? copies / requests : 0)} % (${points(low)}–${points(high)}, wanted ${points(share)})`
  const check = (verdict: ShadowCheck['verdict'], reason: string): ShadowCheck => ({
    version,
    share,
    requests,
    shadowed: copies,
    interval: [low, high],
    verdict,
    reason,
  })
  if (copies > 0 && low >= share - tolerance && high <= share + tolerance) return check('pass', counted)
  if (high < share - slack || low > share + slack) return check('fail', counted)
  return undefined
}
