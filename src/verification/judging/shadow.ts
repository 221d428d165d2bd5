import type { ShadowCheck } from '../../model/verify/expectation.js'
import { confidenceInterval, defaultTolerance } from './share-test.js'

/** Two counters read in sequence may differ by the requests in between: such a difference is no failure. */
const SLACK = 0.01

/**
 * Whether the shadowed share of the requests is the configured one: a pass if its anytime-valid interval lies within
 * the tolerance, a fail if the interval excludes the share by more than the slack, undefined while more requests are
 * needed.
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
