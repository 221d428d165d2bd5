import { canaryCommand, commented } from '../../model/command-line.js'
import type { ConflictError } from '../../model/errors.js'
import type { Plan, Step } from '../../model/plan.js'
import type { RevisionSummary } from '../../model/release.js'
import type { Stage } from '../../model/stage.js'
import type { JsonObject, StageValues, VersionConfig } from '../../model/values.js'
import { primaryBefore, tookEffect } from '../history/history.js'
import { isObject } from '../values/merge.js'
import { conflict, planOf, read } from './plan.js'
import { hasCanary, stageOf, weightOf } from '../stage/stage.js'
import { deployStep, type Found, headerStep, removeStep, weightStep } from './steps.js'
import { readStageValues } from '../stage/stage-in-values.js'
import { requireObjectName } from '../stage/version.js'

/** For a history without canary headers. */
const DEFAULT_HEADERS = { stage: 'canary' }

export interface UndoRequest {
  /** The version to bring back. */
  version: string
  /** In three steps (deploy, all requests, decommission), without the header stage and weight 50. */
  fast: boolean
  /** The release's history, oldest first. */
  revisions: RevisionSummary[]
}

/**
 * The version that `undo` would bring back: that of an undo under way, else the previous primary. Throws ConflictError
 * where another version's rollout is under way, or the history has no previous primary.
 */
export function versionToUndoTo(found: Found, revisions: RevisionSummary[]): string {
  const stage = stageOf(found.config)
  const version = primaryBefore(revisions)
  const underWay = canaryOf(stage)
  if (underWay !== undefined && underWay !== version) throw otherRollout(found, stage, underWay)
  if (version !== undefined) return version
  const primary = 'primary' in stage ? stage.primary : 'VERSION'
  const since = beginning(revisions)
  const what = `The history of ${found.app}${since && `${since},`} has no version before ${primary}`
  throw conflict(found, stage, what, [
    canaryCommand(['history', found.app], found),
    commented(canaryCommand(['start', found.app, 'VERSION'], found), 'another version'),
  ])
}

/**
 * stable → stable on an earlier version: deployed again with the configuration it had as the primary, it takes the
 * requests by the steps of any rollout. Continues an undo of the same version; without steps if the app is already
 * stable on it. Throws ConflictError where another version's rollout is under way, or the history no longer has the
 * version.
 */
export function planUndo(found: Found, { version, fast, revisions }: UndoRequest): Plan {
  const { stage, values } = read(found)
  const underWay = canaryOf(stage)
  if (underWay !== undefined && underWay !== version) throw otherRollout(found, stage, underWay)
  if (stage.name === 'stable' && stage.primary === version) return planOf(found, stage, [])

  const headers = hasCanary(stage) ? stage.headers : headersIn(revisions)
  const deployment = {
    ...values.deployment,
    ...(underWay === undefined ? { [version]: configOf(found, stage, version, revisions) } : {}),
  }
  const beside: StageValues = { ...values, deployment, canary: undefined, shadow: undefined }
  const routed: StageValues = { ...beside, canary: { version, weight: 0, headers } }
  const steps: Step[] = []
  if (underWay === undefined) {
    requireObjectName(found.app, version, Object.keys(values.deployment))
    steps.push(deployStep(found, beside, version, headers))
  }
  if (!fast && !hasCanary(stage)) steps.push(headerStep(found, beside, version, headers))
  for (const weight of fast ? [100] : [50, 100]) {
    if (weightOf(stage) < weight) steps.push(weightStep(found, routed, weight, [version]))
  }
  steps.push(
    removeStep(found, beside, version, values.primary, {
      name: 'decommission',
      title: `make ${version} the primary again and remove ${values.primary}`,
    }),
  )
  return planOf(found, stage, steps, headers)
}

/** The version's configuration when it last was the primary. */
function configOf(found: Found, stage: Stage, version: string, revisions: RevisionSummary[]): VersionConfig {
  const { app, config: now } = found
  const { config } =
    revisions.findLast((revision) => {
      const values = tookEffect(revision) && revision.config && readStageValues(revision.config).values
      return values && values.primary === version && version in values.deployment
    }) ?? {}
  const old = config && readStageValues(config).values?.deployment[version]
  if (!config || !old) {
    const what = `${version} was never the primary in the history of ${app}${beginning(revisions)}`
    throw conflict(found, stage, what, [
      commented(canaryCommand(['start', app, version, '--image', '…'], found), 'give its configuration'),
      canaryCommand(['history', app], found),
    ])
  }
  // Its own image comes back with it; an image shared by all versions may have changed since.
  const image = sharedImage(config)
  if (old.image !== undefined || image === sharedImage(now)) return old
  throw conflict(
    found,
    stage,
    `${version} had the image shared by all versions, ${image ?? "the chart's"}, which is now ${sharedImage(now) ?? "the chart's"}`,
    [
      commented(
        canaryCommand(['start', app, version, '--image', image ?? '…'], found),
        'then shift and finish',
      ),
    ],
  )
}

/** `, which begins with revision 13 (Helm keeps no older ones)` where older revisions are gone, else empty. */
function beginning(revisions: RevisionSummary[]): string {
  const oldest = revisions[0]?.revision ?? 1
  return oldest > 1 ? `, which begins with revision ${oldest} (Helm keeps no older ones)` : ''
}

function sharedImage({ app }: JsonObject): string | undefined {
  const image = isObject(app) ? app.image : undefined
  return typeof image === 'string' ? image : undefined
}

/** The canary headers of the app's newest rollout, which its users know. */
function headersIn(revisions: RevisionSummary[]): Record<string, string> {
  for (const { config } of [...revisions].reverse()) {
    const stage = config && stageOf(config)
    if (stage && hasCanary(stage)) return stage.headers
  }
  return DEFAULT_HEADERS
}

function canaryOf(stage: Stage): string | undefined {
  return 'canary' in stage ? stage.canary : undefined
}

function otherRollout(found: Found, stage: Stage, underWay: string): ConflictError {
  return conflict(found, stage, `A rollout of ${underWay} is under way`, [
    commented(
      canaryCommand(['abort', found.app], found),
      `ends it: all requests go to ${'primary' in stage ? stage.primary : 'the primary'}`,
    ),
    ...(hasCanary(stage) ? [canaryCommand(['finish', found.app, underWay], found)] : []),
  ])
}
