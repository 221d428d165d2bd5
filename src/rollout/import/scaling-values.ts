import { isDeepStrictEqual } from 'node:util'
import type { LeftOut } from '../../model/results/init.js'
import type { Json, JsonObject } from '../../model/values.js'
import { listOf, mapOf, textOf, withoutEmpty } from '../values/json-fields.js'
import { isObject } from '../values/merge.js'
import { unread, unreadAround } from './unread.js'

interface Read {
  values: JsonObject
  leftOut: LeftOut[]
}

/** The API server's default for an autoscaler without metrics. */
const DEFAULT_CPU = 80

export function scales(object: JsonObject, deployment: string): boolean {
  const { kind, name } = mapOf(mapOf(object.spec).scaleTargetRef)
  return object.kind === 'HorizontalPodAutoscaler' && kind === 'Deployment' && name === deployment
}

export function protects(object: JsonObject, labels: JsonObject): boolean {
  const { matchLabels, matchExpressions } = mapOf(mapOf(object.spec).selector)
  if (object.kind !== 'PodDisruptionBudget' || matchExpressions !== undefined) return false
  const wanted = Object.entries(mapOf(matchLabels))
  return wanted.length > 0 && wanted.every(([label, value]) => labels[label] === value)
}

/**
 * `autoscaling:` of the values, from any version's HorizontalPodAutoscaler. `container` is the app's in the Deployment.
 */
export function autoscalingValues(autoscaler: JsonObject, container: string): Read {
  const spec = mapOf(autoscaler.spec)
  const { minReplicas, maxReplicas, behavior, targetCPUUtilizationPercentage } = spec
  const leftOut = [
    ...unreadAround(autoscaler),
    ...unread(
      spec,
      'scaleTargetRef minReplicas maxReplicas metrics behavior targetCPUUtilizationPercentage'.split(' '),
    ),
  ]
  const targets: JsonObject = { cpu: targetCPUUtilizationPercentage ?? null }
  const metrics: JsonObject[] = []
  for (const metric of listOf(spec.metrics)) {
    const utilization = resourceTarget(metric)
    const why = utilization ? undefined : whyUnusable(metric, container)
    if (utilization) targets[utilization.resource] = utilization.percent
    else if (why === undefined) metrics.push(metric)
    else leftOut.push({ field: `metrics ${metricName(metric)}`, reason: why })
  }
  if (minReplicas === 0) leftOut.push({ field: 'minReplicas 0', reason: 'the chart requires at least 1 pod' })
  const hasTarget = metrics.length > 0 || Object.values(targets).some((percent) => percent !== null)
  return {
    values: withoutEmpty({
      minReplicas: minReplicas === 0 ? 1 : minReplicas,
      maxReplicas,
      ...(hasTarget ? targets : { cpu: DEFAULT_CPU }),
      metrics,
      behavior: plainBehavior(behavior),
    }),
    leftOut,
  }
}

/** `podDisruptionBudget:` of the values. */
export function budgetValues(budget: JsonObject): Read {
  const spec = mapOf(budget.spec)
  const { minAvailable, maxUnavailable } = spec
  return {
    values: withoutEmpty({ minAvailable, maxUnavailable }),
    leftOut: [...unreadAround(budget), ...unread(spec, ['selector', 'minAvailable', 'maxUnavailable'])],
  }
}

/** The target utilization of a resource in percent, if the metric has nothing else. */
function resourceTarget({
  type,
  resource,
  ...more
}: JsonObject): { resource: 'cpu' | 'memory'; percent: number } | undefined {
  const { name, target, ...others } = mapOf(resource)
  const { type: kind, averageUtilization, ...further } = mapOf(target)
  const isPlain = [more, others, further].every((rest) => Object.keys(rest).length === 0)
  if (type !== 'Resource' || kind !== 'Utilization' || !isPlain) return undefined
  if ((name !== 'cpu' && name !== 'memory') || typeof averageUtilization !== 'number') return undefined
  return { resource: name, percent: averageUtilization }
}

function whyUnusable(metric: JsonObject, container: string): string | undefined {
  const { type, containerResource } = metric
  if (type === 'ContainerResource' && mapOf(containerResource).container === container) {
    return 'it names the container, which the chart names APP-VERSION'
  }
  const [source] = Object.entries(metric).filter(([field]) => field !== 'type')
  return isObject(source?.[1]) && isObject(source[1].target) ? undefined : 'it is not valid in autoscaling/v2'
}

function metricName(metric: JsonObject): string {
  const source = Object.values(metric).find(isObject) ?? {}
  const name = textOf(source.name) || textOf(mapOf(source.metric).name)
  return [textOf(metric.type), name].filter(Boolean).join(' ')
}

/** Without the API server's defaults for a direction without rules. */
function plainBehavior(behavior: Json | undefined): JsonObject {
  const rules = Object.entries(mapOf(behavior)).filter(
    ([direction, rule]) => !isDeepStrictEqual(rule, DEFAULT_BEHAVIOR[direction]),
  )
  return Object.fromEntries(rules)
}

const DEFAULT_BEHAVIOR: JsonObject = {
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  },
  scaleDown: {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  },
}
