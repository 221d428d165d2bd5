import type { VersionPods } from '../cluster/cluster.js'
import type { ReleaseHistory } from '../model/release.js'
import type { Stage } from '../model/stage.js'
import { nextCommands, undoCommand } from '../rollout/next-steps.js'
import { stageOf } from '../rollout/stage.js'
import type { AppRequest, OperationContext } from './context.js'
import { observe } from './observe.js'

/** Where one app stands, read without sending a probe. */
export interface AppStatus {
  app: string
  namespace?: string
  stage: Stage
  revision?: number
  /** ISO time of the deployed revision. */
  updated?: string
  description?: string
  chart?: string
  /** A failed or pending revision newer than the deployed one. */
  unfinished?: { revision: number; status: string; description: string }
  versions: VersionPods[]
  next: string[]
  undo?: string
}

/** One line of the list of apps. */
export interface AppSummary {
  app: string
  namespace: string
  stage: Stage
  revision?: number
  updated?: string
  unfinished?: { revision: number; status: string; description: string }
}

/** Observes one app. An app without a release is `absent`, which is an answer, not an error. */
export async function status(context: OperationContext, request: AppRequest): Promise<AppStatus> {
  const { app, namespace, stage, deployed, history } = await observe(context, request)
  const versions = namespace ? await context.cluster.versionPods(app, namespace) : []
  return {
    app,
    namespace,
    stage,
    revision: deployed?.revision,
    updated: deployed?.updated,
    description: deployed?.description,
    chart: deployed && `${deployed.chart.metadata.name}-${deployed.chart.metadata.version}`,
    unfinished: history && unfinishedRevision(history),
    versions,
    next: namespace ? nextCommands(app, namespace, stage) : [`canary install ${app} VERSION`],
    undo: namespace ? undoCommand(app, namespace, stage) : undefined,
  }
}

/** Every app of the cluster, or of one namespace. */
export async function listApps(context: OperationContext, namespace?: string): Promise<AppSummary[]> {
  const histories = await context.cluster.listReleases(namespace)
  return histories.map((history) => ({
    app: history.name,
    namespace: history.namespace,
    stage: history.deployed ? stageOf(history.deployed.config) : { name: 'absent' },
    revision: history.deployed?.revision,
    updated: history.deployed?.updated,
    unfinished: unfinishedRevision(history),
  }))
}

function unfinishedRevision({ newest, deployed }: ReleaseHistory): AppStatus['unfinished'] {
  if (!newest || newest.revision === deployed?.revision || newest.status === 'deployed') return undefined
  return { revision: newest.revision, status: newest.status, description: newest.description }
}
