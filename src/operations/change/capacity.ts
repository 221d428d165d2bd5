import type { Plan } from '../../model/plan.js'
import type { Revision } from '../../model/release.js'
import { type ScaleMode, scaleModeOf, withCapacity } from '../../rollout/plan/capacity/capacity.js'
import { effectiveValues } from '../../rollout/values/merge.js'
import type { OperationContext } from '../context.js'

/** Adds the replicas that the plan's shares need (see rollout/plan/capacity). Reads the app's pods and autoscalers. */
export async function withCapacityOf(
  { cluster, scale }: OperationContext,
  plan: Plan,
  deployed: Revision,
  byDefault: ScaleMode = 'check',
): Promise<Plan> {
  if (!plan.steps.some(({ name }) => name === 'weight')) return plan
  const mode = scale ?? scaleModeOf(effectiveValues(deployed.chart.values, deployed.config)) ?? byDefault
  if (mode === 'off') return plan
  const { app, namespace } = plan
  const [versions, autoscalers] = await Promise.all([
    cluster.versionPods(app, namespace),
    cluster.autoscalers(namespace),
  ])
  const pods = versions.map(({ version, ready, wanted, deployment }) => ({
    version,
    ready,
    wanted,
    most: autoscalers.find((one) => one.deployment === deployment)?.max,
  }))
  return withCapacity(plan, { mode, pods, defaults: deployed.chart.values })
}
