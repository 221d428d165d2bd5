import type { Plan } from '../../model/plan.js'
import type { JsonObject } from '../../model/values.js'
import { valuesFindings } from '../../rollout/values/check-values.js'
import { mergeValues } from '../../rollout/values/merge.js'
import type { OperationContext } from '../context.js'

/** Warns about suspicious values of a version in a plan, once each, however often the plan is made. */
export function valuesWarner({ emit }: OperationContext, version: string) {
  const reported = new Set<string>()
  return (plan: Plan, chartValues: JsonObject = {}): void => {
    const values = plan.steps[0]?.values
    if (!values) return
    for (const { place, message } of valuesFindings(mergeValues(chartValues, values), version)) {
      const text = `${place}: ${message}`
      if (!reported.has(text)) emit({ type: 'warning', message: text })
      reported.add(text)
    }
  }
}
