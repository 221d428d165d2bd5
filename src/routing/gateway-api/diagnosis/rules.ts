import type { ProviderRules } from '../../../verification/diagnosis/diagnose.js'
import type { Rule } from '../../../verification/diagnosis/facts.js'
import type { GatewaySnapshot } from '../types.js'
import { BACKENDS } from './backends.js'
import type { GatewayRule } from './facts.js'
import { CONTROLLER } from './controller.js'
import { ROUTES } from './routes.js'

/** The Gateway API's rules, with the objects that they look at. */
export function gatewayRules(gateway: GatewaySnapshot): ProviderRules {
  const rulesOf = (rules: GatewayRule[]) =>
    rules.map(
      (rule): Rule =>
        (facts) =>
          rule({ ...facts, gateway }),
    )
  return { routes: rulesOf(ROUTES), backends: rulesOf(BACKENDS), proxies: rulesOf(CONTROLLER) }
}
