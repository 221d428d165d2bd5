import { type ProviderRules, providerRules } from '../../../verification/diagnosis/diagnose.js'
import type { GatewaySnapshot } from '../types.js'
import { BACKENDS } from './backends.js'
import { CONTROLLER } from './controller.js'
import { RIVAL, ROUTES } from './routes.js'

/** The Gateway API's rules, with the objects that they read. */
export function gatewayRules(gateway: GatewaySnapshot): ProviderRules {
  return providerRules({ gateway }, { routes: ROUTES, backends: BACKENDS, proxies: CONTROLLER }, RIVAL)
}
