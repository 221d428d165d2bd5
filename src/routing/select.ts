import type { CustomKinds } from '../cluster/kube/live-objects.js'
import type { KubeAccess } from '../cluster/open.js'
import { UsageError } from '../model/errors.js'
import type { JsonObject } from '../model/values.js'
import { record } from './fields.js'
import { GLOO } from './gloo/description.js'
import { GLOO_RESOURCES } from './gloo/kinds.js'
import { GlooProvider } from './gloo/provider.js'
import type { ProviderName, Routing, RoutingDescription, RoutingProvider } from './provider.js'

const DESCRIPTIONS: Record<ProviderName, RoutingDescription> = { gloo: GLOO }
const DEFAULT: ProviderName = 'gloo'

/** The kinds of all providers: an app may move from one to another. */
export const ROUTING_KINDS = Object.values(DESCRIPTIONS).flatMap(({ kinds }) => kinds)

/** The same as the cluster reads them. */
export const ROUTING_RESOURCES: CustomKinds = GLOO_RESOURCES

/** The provider of an app, without a cluster. Throws UsageError for an unknown one. */
export function descriptionFor(values: JsonObject = {}): RoutingDescription {
  return DESCRIPTIONS[providerName(values)]
}

/** The providers in a cluster, each made at its first use. */
export function openRouting(kube: KubeAccess): Routing {
  const make: Record<ProviderName, () => RoutingProvider> = { gloo: () => new GlooProvider(kube) }
  const made = new Map<ProviderName, RoutingProvider>()
  return {
    of(values = {}) {
      const name = providerName(values)
      const provider = made.get(name) ?? make[name]()
      made.set(name, provider)
      return provider
    },
  }
}

/** The provider that the effective values of a release name. */
function providerName(values: JsonObject): ProviderName {
  const { provider = DEFAULT } = record(values.routes)
  const known = Object.keys(DESCRIPTIONS)
  if (typeof provider === 'string' && Object.hasOwn(DESCRIPTIONS, provider)) return provider as ProviderName
  throw new UsageError(
    `Invalid value ${JSON.stringify(provider)} for routes.provider (expected ${known.join(' or ')}).`,
    {
      state: 'Nothing was changed.',
      nextSteps: [`set routes.provider to ${known.join(' or ')} in the values`],
    },
  )
}
