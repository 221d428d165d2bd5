import type { AppStatus, AppSummary } from '../model/results/status.js'
import type { RunWait } from '../model/results/runs.js'
import type { ReleaseHistory, Revision } from '../model/release.js'
import type { Stage } from '../model/stage.js'
import { finishedRollout } from '../rollout/history/history.js'
import { parseDescription } from '../rollout/history/description.js'
import { nextCommands, undoCommand } from '../rollout/stage/next-steps.js'
import { stageOf } from '../rollout/stage/stage.js'
import { absentApp, requireNamespace } from './observe/absent.js'
import type { AppRequest, OperationContext } from './context.js'
import { readDrift } from './drift/read-drift.js'
import { observe, unfinishedRevision } from './observe/observe.js'
import { recoverCommands } from './observe/recover-commands.js'
import { holdingsOf } from './ownership/holdings.js'
import { notesAt, runCommands } from './runs.js'

/** Observes one app. Throws ConflictError if it has no release. */
export async function status(context: OperationContext, request: AppRequest): Promise<AppStatus> {
  const observation = await observe(context, request)
  const { app, namespace, stage, deployed, history } = observation
  if (!namespace || !history) throw await absentApp(context, observation)
  const [{ own, orphans, neighbours }, drift, { waiting, holder }] = await Promise.all([
    holdingsOf(context, { app, namespace, deployed }),
    deployed ? readDrift(context, { app, namespace, deployed }) : undefined,
    notesAt(context, { app, namespace, revision: deployed?.revision }),
  ])
  const unfinished = unfinishedOf(history)
  const { differences = [], autoscalers = [], autoscaled = [], controller } = drift ?? {}
  return {
    app,
    namespace,
    stage,
    revision: deployed?.revision,
    updated: deployed?.updated,
    description: deployed?.description,
    chart: deployed && `${deployed.chart.metadata.name}-${deployed.chart.metadata.version}`,
    unfinished,
    versions: own,
    byHand: drift?.byHand ?? false,
    differences,
    autoscalers,
    autoscaled,
    controller,
    orphans: orphans.map(({ deployment }) => deployment),
    neighbours,
    namespaceIsGoing: drift?.namespaceIsGoing ?? false,
    ...(waiting ? { waiting } : {}),
    ...(holder ? { holder } : {}),
    next: nextOf({ app, namespace, stage, deployed, unfinished, waiting }),
    undo: undoCommand(app, namespace, stage, finishedRollout(history.revisions)?.from),
  }
}

/** Every app of the cluster, or of one namespace. Throws ConflictError if that namespace does not exist. */
export async function listApps(context: OperationContext, namespace?: string): Promise<AppSummary[]> {
  const histories = await context.cluster.listReleases(namespace)
  if (histories.length === 0 && namespace !== undefined) await requireNamespace(context, namespace)
  return histories.map((history) => ({
    app: history.name,
    namespace: history.namespace,
    stage: history.deployed ? stageOf(history.deployed.config) : { name: 'absent' },
    revision: history.deployed?.revision,
    updated: history.deployed?.updated,
    unfinished: unfinishedOf(history),
  }))
}

interface AppState {
  app: string
  namespace: string
  stage: Stage
  deployed?: Revision
  unfinished?: AppStatus['unfinished']
  waiting?: RunWait
}

/** Next commands. During a run, the run's own: it does not skip what the run waits for. */
function nextOf({ app, namespace, stage, deployed, unfinished, waiting }: AppState): string[] {
  if (unfinished) return recoverCommands({ app, namespace, deployed, unfinished })
  if (waiting) return runCommands(app, namespace, waiting)
  const run = isUnderWay(stage) && deployed ? parseDescription(deployed.description)?.run : undefined
  if (run) return [`the command of run ${run.id} again    (continues after step ${run.step})`]
  return nextCommands(app, namespace, stage)
}

function isUnderWay({ name }: Stage): boolean {
  return ['deployed', 'header', 'weighted', 'shifted'].includes(name)
}

function unfinishedOf(history: ReleaseHistory): AppStatus['unfinished'] {
  const found = unfinishedRevision(history)
  return found && { revision: found.revision, status: found.status, description: found.description }
}
