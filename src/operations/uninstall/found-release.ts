import { canaryCommand, commented } from '../../model/command-line.js'
import type { RoutingTexts } from '../../model/routing.js'
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

/** Whether a gateway can send the app requests: its release has something for them. */
export function takesRequests({ removal }: Found, { backend }: Pick<RoutingTexts, 'backend'>): boolean {
  return removal.objects.some(({ kind }) => kind === backend)
}

/** Of errors before anything was changed. */
export function unchanged(found: Found): { state: string; nextSteps: string[] } {
  const { app, namespace } = found
  return {
    state: `Nothing was changed: ${app} is ${describeFound(found)}.`,
    nextSteps: [canaryCommand(['status', app], { app, namespace }), withoutProof(found)],
  }
}

export function withoutProof({ app, namespace }: Found): string {
  return commented(
    canaryCommand(['uninstall', app, '--unverified', 'REASON'], { app, namespace }),
    'removes it without a verification',
  )
}

/** Where the app stands, for sentences. */
export function describeFound({ stage, revision, wasDeployed }: Found): string {
  return wasDeployed
    ? describeStage(stage)
    : `never deployed: revision ${revision.revision} is ${revision.status}`
}
