import { describeStage } from '../../model/describe-stage.js'
import { CanaryError } from '../../model/errors.js'
import type { Cause } from '../../model/results/diagnosis.js'
import type { Stage } from '../../model/stage.js'
import type { StageProof } from '../../model/verify/expectation.js'

/** Throws unless the proof passed: exit 3 for a fail, 4 for an inconclusive one; `state` and `nextSteps` go along. */
export function requirePass(
  proof: StageProof,
  stage: Stage,
  details: { state: string; nextSteps: string[] },
  causes: Cause[] = [],
): void {
  if (proof.verdict === 'pass') return
  const counted = proof.checks
    .filter(({ verdict }) => verdict === proof.verdict)
    // A hint is only a guess: drop it once there are causes.
    .map(({ reason, hint }) =>
      causes.length > 0 || hint === undefined ? reason : `${reason}. Likely: ${hint}`,
    )
  const reasons = [...counted, ...(proof.shadow ? [proof.shadow.reason] : [])]
  const said = proof.verdict === 'fail' ? 'Traffic contradicts the stage' : 'The stage could not be verified'
  throw new CanaryError(
    proof.verdict === 'fail' ? 'failed' : 'inconclusive',
    `${said} "${describeStage(stage)}": ${reasons.join('; ') || 'no check has a verdict'}.`,
    { ...details, details: mostCertain(causes).flatMap(causeLines), evidence: { proof, causes } },
  )
}

/** The certain causes; the guesses only if none is certain. */
function mostCertain(causes: Cause[]): Cause[] {
  const certain = causes.filter(({ certainty }) => certainty === 'certain')
  return certain.length > 0 ? certain : causes
}

/** A cause in lines for people. */
function causeLines({ title, evidence, remedy, certainty }: Cause): string[] {
  const said = { certain: 'cause', likely: 'likely cause', possible: 'possible cause' }[certainty]
  return [
    `${said}: ${title}`,
    ...evidence.map((line) => `  ${line}`),
    ...remedy.flatMap((text) => text.split('\n')).map((line) => `  → ${line}`),
  ]
}
