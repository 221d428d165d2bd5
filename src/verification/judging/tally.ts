import type { ErrorCount } from '../../model/verify/answer-errors.js'
import type { Counts, Expectation } from '../../model/verify/expectation.js'
import type { Observation } from '../answers/classify.js'
import { countError } from '../answers/error-counts.js'

/** Counts of some of the answers to the probes of one check. */
export interface Tally {
  sent: number
  /** Answers of the canary, of either expected version, and of neither. */
  canary: number
  expected: number
  others: number
  unidentified: number
  byVersion: Record<string, number>
  errors: ErrorCount[]
}

export function emptyTally(): Tally {
  return {
    sent: 0,
    canary: 0,
    expected: 0,
    others: 0,
    unidentified: 0,
    // An answer may name any text as its version, even `constructor`.
    byVersion: Object.create(null) as Record<string, number>,
    errors: [],
  }
}

/** Counts one observation. */
export function addTo(tally: Tally, expectation: Expectation, observation: Observation): void {
  tally.sent += 1
  switch (observation.type) {
    case 'error':
      countError(tally.errors, observation.error)
      return
    case 'unidentified':
      tally.unidentified += 1
      return
    case 'version': {
      const { version } = observation
      tally.byVersion[version] = (tally.byVersion[version] ?? 0) + 1
      if (version === expectation.canary) tally.canary += 1
      if (version === expectation.canary || version === expectation.primary) tally.expected += 1
      else tally.others += 1
    }
  }
}

/** Whether an observation alone contradicts the expectation: an error, no version, or an unexpected version. */
export function contradicts(expectation: Expectation, observation: Observation): boolean {
  if (observation.type !== 'version') return true
  const { primary, canary, share } = expectation
  if (observation.version === primary) return share === 1
  return observation.version !== canary || share === 0
}

/** The part of a tally that results contain. */
export function countsOf({ sent, byVersion, unidentified, errors }: Tally): Counts {
  return { sent, byVersion, unidentified, errors }
}
