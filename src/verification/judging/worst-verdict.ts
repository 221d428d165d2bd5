import type { CheckResult, Verdict } from '../../model/verify/expectation.js'

/** The worst verdict of all checks; inconclusive without any. */
export function worstVerdict(checks: Pick<CheckResult, 'verdict'>[]): Verdict {
  if (checks.some(({ verdict }) => verdict === 'fail')) return 'fail'
  return checks.length > 0 && checks.every(({ verdict }) => verdict === 'pass') ? 'pass' : 'inconclusive'
}
