import { canaryCommand, commented } from '../../model/command-line.js'
import { ConflictError } from '../../model/errors.js'
import { describeStage } from '../../model/describe-stage.js'
import type { Plan, Step } from '../../model/plan.js'
import type { Json, JsonObject, VersionConfig } from '../../model/values.js'
import { isObject, mergeValues } from '../values/merge.js'
import { hasCanary, weightOf } from '../stage/stage.js'
import { scaleStep } from './steps.js'

/** What happens where the canary has too few pods for its share: told before anything is changed, or mended, or neither. */
export const SCALE_MODES = ['check', 'auto', 'off'] as const
export type ScaleMode = (typeof SCALE_MODES)[number]

/** Pods of a version's Deployment, and up to how many an autoscaler would make them. */
export interface Pods {
  version: string
  ready: number
  wanted: number
  most?: number
}

export interface CapacityRequest {
  mode: ScaleMode
  /** Those of the Deployments that are there. */
  pods: Pods[]
  /** What the chart gives the values by itself. */
  defaults: JsonObject
}

/** The mode that the effective values say; undefined where they say none. */
export function scaleModeOf(values: JsonObject): ScaleMode | undefined {
  const scale = isObject(values.capacity) ? values.capacity.scale : undefined
  return SCALE_MODES.find((mode) => mode === scale)
}

/** Pods that carry this share of the requests as the primary's do: rounded up, one at least. */
export function podsFor(weight: number, primary: Pick<Pods, 'ready' | 'wanted'> | undefined): number {
  return Math.max(1, Math.ceil((weight / 100) * Math.max(primary?.ready ?? 0, primary?.wanted ?? 0)))
}

/**
 * A plan in which no share rises beyond the pods there are for it: where the canary has fewer than its share of the
 * primary's, a step of its own scales it before (`auto`); else ConflictError says how many it takes, and what would
 * fit. Nothing is ever scaled down here: the primary keeps its pods until it is removed, so that the way back is open
 * at once.
 */
export function withCapacity(plan: Plan, { mode, pods, defaults }: CapacityRequest): Plan {
  if (mode === 'off') return plan
  const steps: Step[] = []
  let before = plan.before ?? {}
  let stage = plan.from
  let scaled: { version: string; config: VersionConfig; count: number } | undefined
  for (const planned of plan.steps) {
    const step = scaled ? withConfig(planned, scaled) : planned
    const { to } = step
    if (step.name === 'weight' && hasCanary(to) && weightOf(to) > (hasCanary(stage) ? weightOf(stage) : 0)) {
      const podsOf = (version: string) => pods.find((entry) => entry.version === version)
      const need = podsFor(weightOf(to), podsOf(to.primary))
      const own = configOf(step.values, to.canary)
      const config = mergeValues(sharedOf(step.values, defaults), own)
      const there = scaled?.count ?? capacityOf(podsOf(to.canary), config, mode)
      if (there < need) {
        const told = { plan, weight: weightOf(to), need, there, primary: podsOf(to.primary) }
        if (mode === 'check') throw tooFew(told, to.canary, to.primary)
        scaled = { version: to.canary, config: withReplicas(own, config, need), count: need }
        const { app, namespace } = plan
        steps.push(scaleStep({ app, namespace, config: before }, scaled.version, scaled.config, need))
        steps.push(withConfig(step, scaled))
        before = steps.at(-1)!.values
        stage = to
        continue
      }
    }
    steps.push(step)
    before = step.values
    stage = to
  }
  return { ...plan, steps }
}

/**
 * Pods that the version has; of one that is still to come, by its configuration. Where nothing is to be scaled, those that
 * an autoscaler would make count as well: it will, once the requests are there.
 */
function capacityOf(
  pods: Pods | undefined,
  { autoscaling, replicas }: VersionConfig,
  mode: ScaleMode,
): number {
  const own = isObject(autoscaling) ? autoscaling : {}
  const count = (value: Json | undefined) => (typeof value === 'number' ? value : 0)
  const now = pods?.wanted ?? Math.max(1, count(replicas), count(own.minReplicas))
  return mode === 'auto' ? now : Math.max(now, pods?.most ?? 0, count(own.maxReplicas))
}

/** The version's own configuration with so many replicas; one with an autoscaler gets them as its least. */
function withReplicas(own: VersionConfig, effective: VersionConfig, count: number): VersionConfig {
  const { autoscaling } = effective
  if (!isObject(autoscaling)) return { ...own, replicas: count }
  const most = typeof autoscaling.maxReplicas === 'number' ? autoscaling.maxReplicas : count
  const ownAutoscaling = isObject(own.autoscaling) ? own.autoscaling : {}
  return {
    ...own,
    autoscaling: { ...ownAutoscaling, minReplicas: count, maxReplicas: Math.max(most, count) },
  }
}

/** A later step of the plan with what a step before it has scaled; one that removes the version has no place for it. */
function withConfig(step: Step, { version, config }: { version: string; config: VersionConfig }): Step {
  const { deployment } = step.values
  if (!isObject(deployment) || !(version in deployment)) return step
  return { ...step, values: { ...step.values, deployment: { ...deployment, [version]: config } } }
}

function configOf({ deployment }: JsonObject, version: string): VersionConfig {
  const config = isObject(deployment) ? deployment[version] : undefined
  return isObject(config) ? config : {}
}

function sharedOf(values: JsonObject, defaults: JsonObject): JsonObject {
  const shared = mergeValues(defaults, values).app
  return isObject(shared) ? shared : {}
}

interface Lack {
  plan: Plan
  weight: number
  need: number
  there: number
  primary?: Pods
}

function tooFew({ plan, weight, need, there, primary }: Lack, canary: string, from: string): ConflictError {
  const { app, namespace } = plan
  const all = Math.max(primary?.ready ?? 0, primary?.wanted ?? 0)
  const fits = Math.floor((there / all) * 100)
  const pods = (count: number) => `${count} pod${count === 1 ? '' : 's'}`
  return new ConflictError(
    `${canary} has ${pods(there)}: ${weight} % of what the ${all} of ${from} carry takes ${need}.`,
    {
      state: `Nothing was changed: ${app} is ${describeStage(plan.from)}.`,
      nextSteps: [
        `repeat the command with --scale auto    (scales ${canary} to ${need} first, by a step of its own)`,
        ...(fits > weightIn(plan)
          ? [commented(canaryCommand(['shift', app, fits], { app, namespace }), `what ${pods(there)} carry`)]
          : []),
        'repeat the command with --scale off    (if it can carry more than the pods of the primary)',
      ],
      evidence: { need, there, primary: all },
    },
  )
}

function weightIn({ from }: Plan): number {
  return hasCanary(from) ? weightOf(from) : 0
}
