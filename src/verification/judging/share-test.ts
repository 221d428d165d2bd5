import { UsageError } from '../../model/errors.js'
import { logBinomial } from '../statistics/log-binomial.js'

/**
 * The rule that turns counted answers into a verdict. It may be evaluated after every answer: both error bounds hold
 * for the whole sequence of looks (anytime-valid), so frequent looks cost nothing.
 *
 * - FAIL is a bet against the expected share w: `lnE` is the logarithm of a nonnegative martingale with mean 1 if the
 *   share is w, hence P(ever FAIL | share = w) <= alpha (Ville's inequality).
 * - PASS is a bet against either edge of the tolerance: `lnLo` is the logarithm of a supermartingale for every share at
 *   or below the lower edge, hence P(ever PASS | share <= lower edge) <= beta; the same for the upper edge.
 */

export interface JudgeSettings {
  /** Expected share of the canary, 0..1. */
  share: number
  /** Half width of the accepted band around the share; unused for shares 0 and 1. */
  tolerance: number
  /** Bound on failing a share that is right. */
  alpha: number
  /** Bound on passing a share at or beyond the edge of the tolerance. */
  beta: number
  /** For shares 0 and 1: the smallest share of wrong answers that must not pass. */
  leak: number
}

/** `unidentified`: too many answers name no version to judge shares. */
export type Judgement = 'pass' | 'fail' | 'continue' | 'unidentified'

interface Evidence {
  /** Evidence for the share against the lower edge of the tolerance. */
  lnLo: number
  /** Evidence for the share against the upper edge of the tolerance. */
  lnHi: number
  /** Evidence against the share. */
  lnE: number
}

/** Half width of the tolerance: 10 points or, if less, half the distance to 0 or 100; at least 1 point. */
export function defaultTolerance(share: number): number {
  return Math.max(0.01, Math.min(0.1, Math.min(share, 1 - share) / 2))
}

/**
 * A tolerance around a weight must leave room on both sides.
 *
 * @throws UsageError for one that reaches past 0 or 100 %
 */
export function checkTolerance(share: number, tolerance: number | undefined): void {
  if (tolerance === undefined || share === 0 || share === 1) return
  const past = share - tolerance < -ROUNDING ? 0 : share + tolerance > 1 + ROUNDING ? 100 : undefined
  if (past === undefined) return
  const points = (part: number) => String(Math.round(part * 1000) / 10)
  const [weight, most] = [points(share), points(Math.min(share, 1 - share))]
  throw new UsageError(
    `A tolerance of ${points(tolerance)} points around ${weight} % reaches past ${past} %: ` +
      `a weight that has no effect at all would pass.`,
    {
      state: 'No probe was sent.',
      nextSteps: [
        `give one of at most ${most} for this weight, or none: it is ${points(defaultTolerance(share))} then`,
      ],
    },
  )
}

/**
 * Judges answers some of which name no version: a pass or fail must hold whichever version gave those. More than 3 of
 * them (or 1 % if that is more) prevent a verdict.
 *
 * @param canary answers of the canary
 * @param identified answers that named their version, the canary's included
 * @param unidentified answers that named none
 */
export function judge(
  canary: number,
  identified: number,
  unidentified: number,
  settings: JudgeSettings,
): Judgement {
  if (unidentified > Math.max(3, identified / 100)) return 'unidentified'
  const answers = identified + unidentified
  const least = evidence(canary, answers, settings)
  const most = unidentified === 0 ? least : evidence(canary + unidentified, answers, settings)
  if (Math.min(least.lnE, most.lnE) >= Math.log(1 / settings.alpha)) return 'fail'
  if (Math.min(least.lnLo, most.lnHi) >= Math.log(1 / settings.beta)) return 'pass'
  return 'continue'
}

/** ln of the likelihood ratio of share `a` to share `b`. */
export function logLikelihoodRatio(canary: number, answers: number, a: number, b: number): number {
  const others = answers - canary
  return logLikelihood(canary, others, a) - logLikelihood(canary, others, b)
}

/** The three log likelihood ratios of the rule for `canary` of `answers` answers. */
export function evidence(canary: number, answers: number, settings: JudgeSettings): Evidence {
  const { share: w, leak } = settings
  const others = answers - canary
  const ratio = (a: number, b: number) => logLikelihoodRatio(canary, answers, a, b)
  const lo = w === 1 ? 1 - leak : lowerEdge(settings)
  const hi = w === 0 ? leak : upperEdge(settings)

  let lnLo: number
  if (w === 0) lnLo = Infinity
  else if (lo <= 0) lnLo = canary > 0 ? Infinity : -Infinity
  else lnLo = ratio(w, lo)
  let lnHi: number
  if (w === 1) lnHi = Infinity
  else if (hi >= 1) lnHi = others > 0 ? Infinity : -Infinity
  else lnHi = ratio(w, hi)

  // A uniform mixture over all shares, against w.
  const lnUniform =
    (w === 0 && canary > 0) || (w === 1 && others > 0) ? Infinity : -logMixtureDensity(canary, answers, w)
  if (w === 0 || w === 1) return { lnLo, lnHi, lnE: lnUniform + Math.log(1 / 2) }
  const low = ratio(lo > 0 ? lo : w / 2, w)
  const high = ratio(hi < 1 ? hi : (1 + w) / 2, w)
  return {
    lnLo,
    lnHi,
    lnE: logSum(lnUniform + Math.log(1 / 2), low + Math.log(1 / 4), high + Math.log(1 / 4)),
  }
}

/**
 * Anytime-valid confidence interval of the canary's share, at level 1 - alpha: all p with (n+1) C(n,k) p^k (1-p)^(n-k)
 * >= alpha. Answers without a version may be either version's.
 */
export function confidenceInterval(
  canary: number,
  identified: number,
  unidentified: number,
  alpha: number,
): [number, number] {
  const answers = identified + unidentified
  if (answers === 0) return [0, 1]
  const inside = (count: number, p: number) => logMixtureDensity(count, answers, p) >= Math.log(alpha)
  const most = canary + unidentified
  return [
    canary === 0 ? 0 : bisect(0, canary / answers, (p) => inside(canary, p)),
    most === answers ? 1 : bisect(1, most / answers, (p) => inside(most, p)),
  ]
}

/**
 * Answers after which a check gives up: four times what it needs on average. Of right shares of 50 % 0.04 % need more (three
 * times as many: 0.34 %, one shift in three hundred). A perfect split passes after ln(1/beta) /
 * min KL(share || edge) answers. With a single edge that is also the average; the nearer the other edge, the more often
 * that one decides. The factor is fitted to simulations and agrees within 10 %
 * (test/unit/verification/judging/calibration.test.ts).
 */
export function answerCap(settings: JudgeSettings): number {
  const { share: w, leak, beta } = settings
  const lo = w === 1 ? 1 - leak : lowerEdge(settings)
  const hi = w === 0 ? leak : upperEdge(settings)
  const below = w > 0 && lo > 0 ? divergence(w, lo) : Infinity
  const above = w < 1 && hi < 1 ? divergence(w, hi) : Infinity
  const [nearer, further] = below < above ? [below, above] : [above, below]
  const perfect = Math.log(1 / beta) / nearer
  return Math.ceil(4 * (1 + 0.57 * (nearer / further) ** 1.5) * perfect)
}

/** Edges within a rounding error of 0 and 1 are 0 and 1. */
const ROUNDING = 1e-9

function lowerEdge({ share, tolerance }: JudgeSettings): number {
  const edge = share - tolerance
  return edge < ROUNDING ? 0 : edge
}

function upperEdge({ share, tolerance }: JudgeSettings): number {
  const edge = share + tolerance
  return edge > 1 - ROUNDING ? 1 : edge
}

/** k ln p + m ln(1-p), with 0 ln 0 = 0. */
function logLikelihood(k: number, m: number, p: number): number {
  return (k === 0 ? 0 : k * Math.log(p)) + (m === 0 ? 0 : m * Math.log1p(-p))
}

/** ln[(n+1) C(n,k) p^k (1-p)^(n-k)]: the likelihood against that of a uniform mixture over all shares. */
function logMixtureDensity(k: number, n: number, p: number): number {
  return Math.log(n + 1) + logBinomial(n, k) + logLikelihood(k, n - k, p)
}

/** Kullback-Leibler divergence of two Bernoulli distributions, for q strictly inside 0..1. */
function divergence(p: number, q: number): number {
  return (p === 0 ? 0 : p * Math.log(p / q)) + (p === 1 ? 0 : (1 - p) * Math.log((1 - p) / (1 - q)))
}

function logSum(...terms: number[]): number {
  const largest = Math.max(...terms)
  if (!Number.isFinite(largest)) return largest
  return largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0))
}

/** The border between `outside` (not accepted) and `inside` (accepted). */
function bisect(outside: number, inside: number, accepted: (p: number) => boolean): number {
  for (let step = 0; step < 60; step += 1) {
    const middle = (outside + inside) / 2
    if (accepted(middle)) inside = middle
    else outside = middle
  }
  return inside
}
