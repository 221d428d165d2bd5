import { type ProviderRules, providerRules } from '../../../verification/diagnosis/diagnose.js'
import type { GlooSnapshot } from '../types.js'
import { BACKENDS } from './backends.js'
import { PROXIES } from './proxies.js'
import { RIVAL, ROUTES } from './routes.js'

/** Gloo's rules, with the objects they read. */
export function glooRules(gloo: GlooSnapshot): ProviderRules {
  return providerRules({ gloo }, { routes: ROUTES, backends: BACKENDS, proxies: PROXIES }, RIVAL)
}
