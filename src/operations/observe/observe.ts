import { canaryCommand, commented, helmCommand } from '../../model/command-line.js'
import { ConflictError, UsageError } from '../../model/errors.js'
import {
  CHART_NAME,
  CONTRACT,
  keepsContract,
  type ReleaseHistory,
  type Revision,
} from '../../model/release.js'
import type { Stage } from '../../model/stage.js'
import { isObject } from '../../rollout/values/merge.js'
import { stageOf } from '../../rollout/stage/stage.js'
import { absentApp } from './absent.js'
import type { AppRequest, OperationContext } from '../context.js'

/** An app as found in the cluster. */
export interface Observation {
  app: string
  /** The release's namespace; undefined if there is no release and no namespace was given. */
  namespace?: string
  stage: Stage
  /** The last deployed revision; its values define the stage. */
  deployed?: Revision
  history?: ReleaseHistory
}

/** An app with a deployed revision. */
export type ReleasedApp = Observation & Required<Pick<Observation, 'namespace' | 'deployed' | 'history'>>

/**
 * Reads the app's release. Throws UsageError if several namespaces have one of that name and none was chosen,
 * ConflictError if the release has another chart and `anyChart` is not set.
 */
export async function observe(
  context: OperationContext,
  request: AppRequest,
  { anyChart = false }: { anyChart?: boolean } = {},
): Promise<Observation> {
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
  const { namespace, deployed, newest } = history
  const chart = (deployed ?? newest)?.chart.metadata
  if (chart && !keepsContract(chart) && !anyChart) {
    throw new ConflictError(
      `Release ${app} in namespace ${namespace} is of chart ${chart.name}-${chart.version}, which has no annotation ${CONTRACT.annotation}: ${CONTRACT.version}.`,
      {
        state: `Nothing was changed: canary moves only releases of charts with that annotation, and of ${CHART_NAME}.`,
        nextSteps: [
          helmCommand(['get', 'values', app], namespace),
          commented(
            canaryCommand(['import', app, '--dry-run'], { app, namespace }),
            'whether it can be taken over',
          ),
          'name another app, or another --namespace',
        ],
      },
    )
  }
  const stage: Stage = deployed ? stageOf(deployed.config) : { name: 'absent' }
  return { app, namespace, stage, deployed, history }
}

/** The newest revision, if a failed or killed helm left it after the deployed one. */
export function unfinishedRevision({
  newest,
  deployed,
}: Pick<ReleaseHistory, 'newest' | 'deployed'>): Revision | undefined {
  if (!newest || newest.status === 'deployed' || newest.status === 'uninstalled') return undefined
  return newest.revision === deployed?.revision ? undefined : newest
}

/**
 * The release to change: deployed, in a stage that canary can explain. Throws ConflictError otherwise, with the
 * commands that fit.
 */
export async function requireReleased(
  context: OperationContext,
  observation: Observation,
): Promise<ReleasedApp> {
  const { app, namespace, deployed, history, stage } = await requireThere(context, observation)
  if (stage.name === 'unknown') {
    throw new ConflictError(`canary cannot explain the values of ${app}: ${stage.problems.join('; ')}.`, {
      state: `Nothing was changed; revision ${deployed.revision} is deployed in namespace ${namespace}.`,
      nextSteps: [
        ...(isImported(deployed)
          ? []
          : [
              commented(
                canaryCommand(['import', app, '--dry-run'], { app, namespace }),
                'whether it can be taken over',
              ),
            ]),
        canaryCommand(['values', app], { app, namespace }),
        canaryCommand(['history', app], { app, namespace }),
        commented(
          canaryCommand(['abort', app, '--force'], { app, namespace }),
          'back to the newest revision that sends everything to one version',
        ),
      ],
    })
  }
  return { app, namespace, deployed, history, stage }
}

/** The release, whatever its values. Throws ConflictError if there is none. */
export async function requireThere(
  context: OperationContext,
  observation: Observation,
): Promise<ReleasedApp> {
  const { app, namespace, deployed, history, stage } = observation
  if (!namespace || !deployed || !history) throw await absentApp(context, observation)
  return { app, namespace, deployed, history, stage }
}

/**
 * Whether a release needs no import. The seed's charts may share the bundled chart's name; none of them has the default
 * `routes.fingerprintHeader`.
 */
export function isImported({ chart }: Revision): boolean {
  const { metadata, values } = chart
  if (metadata.name !== CHART_NAME) return keepsContract(metadata)
  return isObject(values.routes) && 'fingerprintHeader' in values.routes
}
