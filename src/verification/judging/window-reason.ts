import type { AnswerSample } from '../../model/verify/expectation.js'
import { byFrequency, totalOf } from '../answers/error-counts.js'
import { hintFor } from '../answers/error-texts.js'
import { type CheckRule, type Found, intervalOf, namedIntervalOf } from './judge-window.js'
import { asBefore, type Finding, findingReason, partsReason } from './reason.js'
import { logLikelihoodRatio } from './share-test.js'
import type { Tally } from './tally.js'
import type { Stratum, Window } from './window.js'

/** How many times better the previous stage must explain the answers for the reason to mention it (log). */
const AS_BEFORE = Math.log(100)

/** Why a count has this finding: the numbers, then what points to a cause. */
export function windowReason(
  { expectation, whole, errorRate }: CheckRule,
  { finding, part }: Found,
  { tally, samples, parts }: Window,
  howToIdentify: (looks?: AnswerSample) => string,
): string {
  const reasonFor = (counted: Tally) =>
    findingReason(finding, expectation, whole, counted, intervalOf(counted), samples, errorRate)
  if (part) return partsReason(part, parts, reasonFor(part.tally))
  if (finding === 'unidentified') {
    const looks = samples.find(({ error, version }) => error === undefined && version === undefined)
    return `${reasonFor(tally)}; ${howToIdentify(looks)}`
  }
  return `${reasonFor(tally)}${likeBefore(expectation, tally)}${singledOut(finding, parts, tally)}`
}

/** The likeliest cause of the most frequent error, if errors were the finding. */
export function errorHint(found: Found | undefined, { tally }: Window): string | undefined {
  const [error] = byFrequency(tally.errors)
  return found?.finding === 'error' && error ? hintFor(error) : undefined
}

/** If the previous stage's share explains the answers far better, old routes are the likely cause. */
function likeBefore({ share, shareBefore }: CheckRule['expectation'], tally: Tally): string {
  const { canary, expected } = tally
  if (shareBefore === undefined || shareBefore === share || expected === 0) return ''
  const [low, high] = namedIntervalOf(tally)
  const enough = expected >= 10 || canary === shareBefore * expected
  if (!enough || shareBefore < low || shareBefore > high) return ''
  return logLikelihoodRatio(canary, expected, shareBefore, share) >= AS_BEFORE ? asBefore(shareBefore) : ''
}

/** Names the single path or proxy that all contradicting answers came through. */
function singledOut(finding: Finding, parts: readonly Stratum[], whole: Tally): string {
  if (finding !== 'error' && finding !== 'other version') return ''
  const amount = (tally: Tally) => (finding === 'error' ? totalOf(tally.errors) : tally.others)
  const part = parts.find(({ tally }) => amount(tally) === amount(whole))
  return part ? `, all by ${part.of} ${part.name}` : ''
}
