import { canaryCommand, kubectlCommand } from '../../model/command-line.js'
import { describeStage } from '../../model/describe-stage.js'
import { ConflictError } from '../../model/errors.js'
import type { Plan } from '../../model/plan.js'
import type { RevisionSummary } from '../../model/release.js'
import { expectationsOf } from '../stage/expectations.js'
import { planAbort } from './abort.js'
import { stageOf } from '../stage/stage.js'
import type { Found } from './steps.js'

/**
 * From unreadable values to the newest revision that sends everything to one version with a ready pod (`ready`), and on
 * from there like `abort`. The only plan that breaks safety rule 5: the unreadable values are dropped. Throws
 * ConflictError where the history has no such revision.
 */
export function planForcedAbort(
  found: Found,
  revisions: RevisionSummary[],
  ready: ReadonlySet<string>,
): Plan {
  const { app, namespace, config } = found
  const from = stageOf(config)
  const target = revisions.findLast(({ status, config: earlier }) => {
    if (!earlier || (status !== 'superseded' && status !== 'deployed')) return false
    const stage = stageOf(earlier)
    return (stage.name === 'stable' || stage.name === 'deployed') && ready.has(stage.primary)
  })
  const to = target?.config && stageOf(target.config)
  if (!target?.config || !to || (to.name !== 'stable' && to.name !== 'deployed')) {
    throw new ConflictError(
      `The history of ${app} has no revision that sends all requests to a version with a ready pod.`,
      {
        state: `Nothing was changed: ${app} is ${describeStage(from)}.`,
        nextSteps: [
          canaryCommand(['history', app], { app, namespace }),
          kubectlCommand(['get', 'pods', '-l', `app=${app}`], namespace),
        ],
      },
    )
  }
  const rest = planAbort({ ...found, config: target.config })
  return {
    ...rest,
    from,
    before: config,
    forced: true,
    steps: [
      {
        name: 'route-back',
        title: `restore the values of revision ${target.revision}: all requests to ${to.primary}`,
        to,
        values: target.config,
        readyBefore: [to.primary],
        readyAfter: [],
        goneAfter: [],
        expectations: expectationsOf(app, to),
      },
      ...rest.steps,
    ],
  }
}
