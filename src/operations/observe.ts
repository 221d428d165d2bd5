import { describeStage } from '../model/describe-stage.js'
import { ConflictError, UsageError } from '../model/errors.js'
import { CHART_NAME, type ReleaseHistory, type Revision } from '../model/release.js'
import type { Stage } from '../model/stage.js'
import { stageOf } from '../rollout/stage.js'
import type { AppRequest, OperationContext } from './context.js'

/** An app as the cluster has it now. */
export interface Observation {
  app: string
  /** Where the release is; undefined when there is none and no namespace was given. */
  namespace?: string
  stage: Stage
  /** The last deployed revision, whose values are the stage. */
  deployed?: Revision
  history?: ReleaseHistory
}

/** An app whose release is there and has a deployed revision. */
export type ReleasedApp = Observation & Required<Pick<Observation, 'namespace' | 'deployed' | 'history'>>

/**
 * Reads the app's release. Throws UsageError when several namespaces have one of that name and none was chosen,
 * ConflictError when the release is of another chart.
 */
export async function observe(context: OperationContext, request: AppRequest): Promise<Observation> {
  const { app } = request
  const histories = await context.cluster.findReleases(app, request.namespace)
  if (histories.length > 1) {
    const namespaces = histories.map((history) => history.namespace).join(', ')
    throw new UsageError(`There are releases named ${app} in several namespaces: ${namespaces}.`, {
      nextSteps: histories.map((history) => `repeat the command with --namespace ${history.namespace}`),
    })
  }
  const history = histories[0]
  if (!history) return { app, namespace: request.namespace, stage: { name: 'absent' } }
  const { namespace, deployed } = history
  if (!deployed) return { app, namespace, stage: { name: 'absent' }, history }
  const chart = deployed.chart.metadata
  if (chart.name !== CHART_NAME) {
    throw new ConflictError(
      `Release ${app} in namespace ${namespace} is of chart ${chart.name}-${chart.version}, not of ${CHART_NAME}.`,
      {
        state: 'Nothing was changed: canary moves only releases of its own chart.',
        nextSteps: [`helm get values ${app} -n ${namespace}`, 'name another app, or another --namespace'],
      },
    )
  }
  return { app, namespace, stage: stageOf(deployed.config), deployed, history }
}

/**
 * The release to change: there, in a stage canary can explain, its newest revision deployed.
 * Throws ConflictError otherwise, with the commands that fit.
 */
export async function observeForChange(context: OperationContext, request: AppRequest): Promise<ReleasedApp> {
  const observation = await observe(context, request)
  refuseUnfinishedRevision(observation)
  const { namespace, deployed, history, stage } = observation
  if (!namespace || !deployed || !history) throw absent(request)
  if (stage.name === 'unknown') {
    throw new ConflictError(
      `canary can't explain the values of ${request.app}: ${stage.oddities.join('; ')}.`,
      {
        state: `Nothing was changed; revision ${deployed.revision} is deployed in namespace ${namespace}.`,
        nextSteps: [
          `canary values ${request.app} -n ${namespace}`,
          `helm history ${request.app} -n ${namespace}`,
        ],
      },
    )
  }
  return { app: request.app, namespace, deployed, history, stage }
}

/** Helm refuses to go on from a pending revision and forgets what a failed one added, so neither is built upon. */
export function refuseUnfinishedRevision(observation: Observation): void {
  const { app, namespace, history, deployed, stage } = observation
  const newest = history?.newest
  if (!newest || newest.status === 'deployed' || newest.revision === deployed?.revision) return
  const rollback = deployed
    ? `helm rollback ${app} ${deployed.revision} -n ${namespace}`
    : `helm uninstall ${app} -n ${namespace}`
  const pending = newest.status.startsWith('pending')
  const cause = newest.description ? ` (${newest.description})` : ''
  throw new ConflictError(
    `Revision ${newest.revision} of ${app} is ${newest.status}${cause}: ` +
      (pending
        ? 'a helm command is still running, or was killed in the middle.'
        : 'what it added may still be there, and no later upgrade would remove it.'),
    {
      state: deployed
        ? `The last deployed revision is ${deployed.revision}: ${describeStage(stage)}.`
        : 'No revision was ever deployed.',
      nextSteps: [
        ...(pending ? [`helm history ${app} -n ${namespace}    (wait if somebody's helm still runs)`] : []),
        `${rollback}    (${deployed ? 'back to the last deployed revision; removes what the other one added' : 'removes the remains'})`,
        'then run the same command again',
      ],
      evidence: { revision: newest.revision, status: newest.status, description: newest.description },
    },
  )
}

function absent(request: AppRequest): ConflictError {
  const where = request.namespace ? `in namespace ${request.namespace}` : 'in any namespace'
  return new ConflictError(`There is no release named ${request.app} ${where}.`, {
    state: `${request.app} is absent; nothing was changed.`,
    nextSteps: [`canary install ${request.app} VERSION`, 'canary status    (lists the apps there are)'],
  })
}
