import type { ProviderRules } from '../../../verification/diagnosis/diagnose.js'
import type { Rule } from '../../../verification/diagnosis/facts.js'
import type { GlooSnapshot } from '../types.js'
import { BACKENDS } from './backends.js'
import type { GlooRule } from './facts.js'
import { PROXIES } from './proxies.js'
import { ROUTES } from './routes.js'

/** Gloo's rules, with the objects they read. */
export function glooRules(gloo: GlooSnapshot): ProviderRules {
  const rulesOf = (rules: GlooRule[]) =>
    rules.map(
      (rule): Rule =>
        (facts) =>
          rule({ ...facts, gloo }),
    )
  return { routes: rulesOf(ROUTES), backends: rulesOf(BACKENDS), proxies: rulesOf(PROXIES) }
}
