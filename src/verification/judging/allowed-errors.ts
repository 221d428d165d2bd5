import { confidenceInterval } from './share-test.js'
import type { AnswerError } from '../../model/verify/answer-errors.js'
import { totalOf } from '../answers/error-counts.js'
import type { Tally } from './tally.js'

/** An error rate this far above the allowed one must not pass. */
const ROOM = 0.03

/** `open`: more answers are needed. */
export type ErrorJudgement = 'fine' | 'open' | 'too many'

/**
 * Whether the error rate is within the allowed one: too many if its anytime-valid interval lies above it, fine if the
 * interval lies below it plus some room. The default allows none. Only the application's error statuses and timeouts
 * may be allowed, never a proxy's own errors or another version's answers.
 *
 * @param allowed share of the answers that may be errors, 0..0.5
 * @param alpha bound on failing an application within the allowed error rate
 */
export function judgeErrors(tally: Tally, allowed: number, alpha: number): ErrorJudgement {
  const errors = totalOf(tally.errors)
  if (allowed === 0 || !tally.errors.every(isOfApplication)) return errors === 0 ? 'fine' : 'too many'
  const [low, high] = confidenceInterval(errors, tally.sent, 0, alpha)
  if (low > allowed) return 'too many'
  return high < allowed + Math.max(ROOM, allowed / 2) ? 'fine' : 'open'
}

function isOfApplication({ kind }: AnswerError): boolean {
  return kind === 'timeout' || kind === 'status'
}
