import { confidenceInterval } from './judge.js'
import type { AnswerError } from '../../model/answer-errors.js'
import { totalOf } from '../answers/error-counts.js'
import type { Tally } from './tally.js'

/** An error rate so far above the one that is allowed must not pass. */
const ROOM = 0.03

/** `open`: more answers are needed to tell. */
export type ErrorJudgement = 'fine' | 'open' | 'too many'

/**
 * Whether the errors among some answers are the few that may be: too many where the anytime-valid interval of their rate
 * lies above it, fine where it lies below the rate and some room. None are allowed by default. Only what an application
 * answers by itself now and then, and timeouts, may be: what the proxy says, or another version, is never right.
 *
 * @param allowed share of the answers that may be errors, 0..0.5
 * @param alpha bound on failing an application whose errors are those allowed
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
