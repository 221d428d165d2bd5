import { canaryCommand, commented } from '../../../model/command-line.js'
import { ConflictError } from '../../../model/errors.js'
import { describeStage } from '../../../model/describe-stage.js'
import type { Plan, Step } from '../../../model/plan.js'
import type { Json, JsonObject, VersionConfig } from '../../../model/values.js'
import { isObject, mergeValues } from '../../values/merge.js'
import { hasCanary, weightOf } from '../../stage/stage.js'
import { scaleStep } from '../steps.js'

/**
 * What to do where the canary has too few pods for its share: refuse before anything is changed, scale, or ignore it.
 */
export const SCALE_MODES = ['check', 'auto', 'off'] as const
export type ScaleMode = (typeof SCALE_MODES)[number]

/** Pods of a version's Deployment, and the most that an autoscaler would make. */
export interface Pods {
  version: string
  ready: number
  wanted: number
  most?: number
}

export interface CapacityRequest {
  mode: ScaleMode
  /** The existing Deployments' pods. */
  pods: Pods[]
  /** The chart's default values. */
  defaults: JsonObject
}

/** The mode in the effective values; undefined where they have none. */
export function scaleModeOf(values: JsonObject): ScaleMode | undefined {
  const scale = isObject(values.capacity) ? values.capacity.scale : undefined
  return SCALE_MODES.find((mode) => mode === scale)
}

/** Pods needed for this share of the requests, at the primary's load per pod: rounded up, at least one. */
export function podsFor(weight: number, primary: Pick<Pods, 'ready' | 'wanted'> | undefined): number {
  return Math.max(1, Math.ceil((weight / 100) * Math.max(primary?.ready ?? 0, primary?.wanted ?? 0)))
}

/**
 * A plan in which no share exceeds the pods it has. Where the canary has fewer than its share of the primary's, an
 * extra step scales it first (`auto`), or ConflictError names the pods it needs and the weight that would fit. Nothing
 * is scaled down: the primary keeps its pods until it is removed, so that an abort works at once.
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
 * The version's pods; for one not deployed yet, by its configuration. Without scaling, the pods that an autoscaler
 * would add count as well: it adds them once the requests arrive.
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

/** The version's own configuration with this number of replicas; for one with an autoscaler, as its minimum. */
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

/**
 * A later step of the plan, with the configuration that an earlier step has scaled; a step that removes the version has
 * none.
 */
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
    `${canary} has ${pods(there)}: ${weight} % of the load that the ${all} of ${from} carry needs ${need}.`,
    {
      state: `Nothing was changed: ${app} is ${describeStage(plan.from)}.`,
      nextSteps: [
        `repeat the command with --scale auto    (scales ${canary} to ${need} first, in an extra step)`,
        ...(fits > weightIn(plan)
          ? [commented(canaryCommand(['shift', app, fits], { app, namespace }), `what ${pods(there)} carry`)]
          : []),
        'repeat the command with --scale off    (if one of its pods can carry more than one of the primary)',
      ],
      evidence: { need, there, primary: all },
    },
  )
}

function weightIn({ from }: Plan): number {
  return hasCanary(from) ? weightOf(from) : 0
}
