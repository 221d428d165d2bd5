import type { ChartSource } from '../../cluster/ports/releases.js'
import type { Plan } from '../../model/plan.js'
import type { Revision } from '../../model/release.js'
import { effectiveValues } from '../../rollout/values/merge.js'
import type { Routing, RoutingProvider } from '../../routing/provider.js'

interface WithRouting {
  routing: Routing
}

/** The routing provider that a revision's effective values choose. */
export function providerOf(
  { routing }: WithRouting,
  { chart, config, namespace }: Pick<Revision, 'chart' | 'config' | 'namespace'>,
): RoutingProvider {
  return routing.of(effectiveValues(chart.values, config), namespace)
}

/** The provider that a plan leads to. Defaults of a chart that is not read yet are unknown. */
export function providerOfPlan(
  { routing }: WithRouting,
  { plan, revision, chart }: { plan: Plan; revision?: Revision; chart?: ChartSource },
): RoutingProvider {
  const config = plan.steps.at(-1)?.values ?? revision?.config ?? {}
  return routing.of(effectiveValues(chart || !revision ? {} : revision.chart.values, config), plan.namespace)
}
