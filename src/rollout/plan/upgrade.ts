import { isDeepStrictEqual } from 'node:util'
import { canaryCommand, commented, helmCommand } from '../../model/command-line.js'
import { describeStage } from '../../model/describe-stage.js'
import { ConflictError } from '../../model/errors.js'
import type { Plan, Step } from '../../model/plan.js'
import type { ScalingChange, UpgradeChanges } from '../../model/results/upgrade-changes.js'
import type { JsonObject } from '../../model/values.js'
import { diffValues } from '../../model/values-diff.js'
import { expectationsOf } from '../stage/expectations.js'
import { manifestChanges } from './manifest-changes.js'
import { changedPodTemplates } from './safety/safety.js'
import { hasCanary, stageOf } from '../stage/stage.js'
import type { Found } from './steps.js'

export interface Upgrade {
  /** The complete values wanted, with versions and routes as deployed. */
  values: JsonObject
  /** Name and version of the chart, `gloo-app 0.1.0`, and whether it differs from the deployed one. */
  chart: { before: string; after: string; isOther: boolean }
  /** The deployed objects, and those rendered with the new chart and values. */
  objects: { before: JsonObject[]; after: JsonObject[] }
  /** Where what sets the number of pods changes. */
  scaling?: ScalingChange
}

/** Throws ConflictError unless the app is stable: a rollout has to end before its base values change. */
export function requireStable({ app, namespace, config }: Found): void {
  const stage = stageOf(config)
  if (stage.name === 'stable') return
  const finish = hasCanary(stage)
    ? [commented(canaryCommand(['finish', app], { app, namespace }), `makes ${stage.canary} the primary`)]
    : []
  throw new ConflictError(`${app} can be upgraded only while stable: a rollout is under way.`, {
    state: `Nothing was changed: ${describeStage(stage)}.`,
    nextSteps: [
      ...finish,
      commented(canaryCommand(['abort', app], { app, namespace }), 'back to one version'),
    ],
  })
}

/**
 * stable → stable with another chart or other base values, in one step; without steps where nothing changes. Throws
 * ConflictError where a serving Deployment would be removed or recreated.
 */
export function planUpgrade(found: Found, { values, chart, objects, scaling }: Upgrade): Plan {
  requireStable(found)
  const { app, namespace, config } = found
  const stage = stageOf(config)
  const expectations = expectationsOf(app, stage)
  const plan: Plan = { app, namespace, from: stage, to: stage, before: config, steps: [], expectations }
  if (stage.name !== 'stable' || (!chart.isOther && isDeepStrictEqual(values, config))) return plan
  const changes: UpgradeChanges = {
    ...(chart.isOther ? { chart: { before: chart.before, after: chart.after } } : {}),
    objects: manifestChanges(objects.before, objects.after),
    restarts: changedPodTemplates(objects.before, objects.after, []),
    ...(scaling ? { scaling } : {}),
  }
  requireServing(found, changes)
  const step: Step = {
    name: 'upgrade',
    title: titleOf(config, values, changes),
    to: stage,
    values,
    readyBefore: [],
    readyAfter: [stage.primary],
    ...(scaling ? { leastReady: { version: scaling.version, count: scaling.serving } } : {}),
    goneAfter: [],
    expectations,
    changes,
  }
  return { ...plan, steps: [step] }
}

/** Within one Deployment, old pods stop as new ones become ready; with a new Deployment they would all stop at once. */
function requireServing({ app, namespace }: Found, { objects }: UpgradeChanges): void {
  const lost = objects.find(
    ({ kind, change, fields }) =>
      kind === 'Deployment' &&
      (change === 'removed' || fields.some(({ path }) => path.startsWith('spec.selector'))),
  )
  if (!lost) return
  const what = lost.change === 'removed' ? 'remove' : 'change the selector of'
  throw new ConflictError(
    `This upgrade would ${what} Deployment ${lost.name}, which serves the requests: all its pods would stop at once.`,
    {
      state: 'Nothing was changed.',
      nextSteps: [
        commented(helmCommand(['get', 'manifest', app], namespace), 'what is deployed'),
        'use a chart that keeps the name and the selector of each Deployment',
      ],
      evidence: { objects },
    },
  )
}

/** Values named in a title; more are counted. */
const MOST_NAMED = 3

function titleOf(before: JsonObject, after: JsonObject, { chart }: UpgradeChanges): string {
  const paths = diffValues(before, after).map(({ path }) => path)
  const named = paths.length > MOST_NAMED ? `${paths.length} values` : paths.join(', ')
  return [...(chart ? [`apply chart ${chart.after}`] : []), ...(named ? [`change ${named}`] : [])].join(
    ' and ',
  )
}
