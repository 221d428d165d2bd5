import { canaryCommand, commented } from '../../model/command-line.js'
import { describeStage } from '../../model/describe-stage.js'
import type { CheckResult, StageProof } from '../../model/verify/expectation.js'
import type { Stage } from '../../model/stage.js'
import { undoCommand } from '../../rollout/stage/next-steps.js'

export interface FailedState {
  app: string
  namespace: string
  stage: Stage
  revision?: number
  /** The previous primary, if the stable stage came from a finished rollout. */
  versionBefore?: string
}

/** The app's state after a failure and the next commands, for errors. */
export function stateAfterFailure({ app, namespace, stage, revision, versionBefore }: FailedState): {
  state: string
  nextSteps: string[]
} {
  const undo = undoCommand(app, namespace, stage, versionBefore)
  return {
    state: `${app}: ${revision === undefined ? '' : `revision ${revision}, `}${describeStage(stage)}.`,
    nextSteps: [
      ...(revision === undefined
        ? []
        : [commented(canaryCommand(['verify', app], { app, namespace }), 'verify again')]),
      ...(undo ? [commented(undo, 'roll back')] : []),
    ],
  }
}

/**
 * Whether a failed verification affects users, one sentence: regular requests are theirs, canary requests come from
 * testers.
 */
export function trafficEffect({ checks }: StageProof): string {
  const failed = checks.filter(({ verdict }) => verdict === 'fail')
  const regular = failed.find(({ expectation }) => expectation.kind === 'regular')
  if (regular) return `Users' requests are affected: ${seen(regular)}.`
  const clean = checks.every(
    ({ expectation, verdict }) => expectation.kind !== 'regular' || verdict === 'pass',
  )
  if (failed.length > 0) {
    return clean
      ? "Users' requests are not affected, only canary requests."
      : 'Canary requests are affected; regular requests have no verdict.'
  }
  return "It is unknown whether users' requests are affected."
}

function seen({ sent, byVersion, errors, unidentified }: CheckResult): string {
  const parts = [
    ...Object.entries(byVersion).map(([version, count]) => `${version} answered ${count}`),
    ...(unidentified > 0 ? [`${unidentified} answers named no version`] : []),
    ...errors.map(({ text, count }) => `${text} ${count} times`),
  ]
  return `of ${sent} ${parts.join(', ')}`
}
