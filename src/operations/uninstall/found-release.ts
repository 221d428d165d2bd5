import type { Revision } from '../../model/release.js'
import type { Stage } from '../../model/stage.js'
import type { Observation } from '../observe/observe.js'
import type { OperationContext } from '../context.js'
import { findRemoval, type ToRemove } from './removal.js'
import { describeStage } from '../../model/describe-stage.js'

/** The app and what would be removed with it. */
export interface Found {
  app: string
  namespace: string
  stage: Stage
  /** The last deployed revision; the newest if none was ever deployed. */
  revision: Revision
  wasDeployed: boolean
  removal: ToRemove
}

/** The release and what would be removed with it; undefined if there is none. */
export async function find(
  context: OperationContext,
  { app, namespace = app, stage, deployed, history }: Observation,
): Promise<Found | undefined> {
  const revision = deployed ?? history?.newest
  if (!revision || revision.status === 'uninstalled') return undefined
  const removal = await findRemoval(context, { app, namespace, revision })
  return { app, namespace, stage, revision, wasDeployed: deployed !== undefined, removal }
}

/** Where the app stands, for sentences. */
export function describeFound({ stage, revision, wasDeployed }: Found): string {
  return wasDeployed
    ? describeStage(stage)
    : `never deployed: revision ${revision.revision} is ${revision.status}`
}
