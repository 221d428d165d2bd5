import type { CustomKinds } from '../cluster/kube/live-objects.js'
import type { KubeAccess } from '../cluster/open.js'
import { UsageError } from '../model/errors.js'
import type { ObjectRef } from '../model/results/diagnosis.js'
import type { JsonObject } from '../model/values.js'
import { record } from './fields.js'
import { GATEWAY_API } from './gateway-api/description.js'
import { GATEWAY_API_RESOURCES } from './gateway-api/kinds.js'
import { GatewayApiProvider } from './gateway-api/provider.js'
import { GLOO } from './gloo/description.js'
import { GLOO_RESOURCES } from './gloo/kinds.js'
import { GlooProvider } from './gloo/provider.js'
import type {
  HandMadeRoutes,
  OldRoutes,
  ProviderName,
  RoutedApp,
  Routing,
  RoutingDescription,
  RoutingProvider,
} from './provider.js'

const DESCRIPTIONS: Record<ProviderName, RoutingDescription> = { gloo: GLOO, 'gateway-api': GATEWAY_API }
const DEFAULT: ProviderName = 'gloo'

/** The kinds of all providers: an app may move from one to another. */
export const ROUTING_KINDS = Object.values(DESCRIPTIONS).flatMap(({ kinds }) => kinds)

/** The same as the cluster reads them. */
export const ROUTING_RESOURCES: CustomKinds = { ...GLOO_RESOURCES, ...GATEWAY_API_RESOURCES }

/** The provider of an app, without a cluster. Throws UsageError for an unknown one. */
export function descriptionFor(values: JsonObject = {}): RoutingDescription {
  return DESCRIPTIONS[providerName(values)]
}

/** The routes of a release made by hand that a provider reads from its objects. */
export function handMadeRoutes(
  app: string,
  namespace: string,
  objects: JsonObject[],
): HandMadeRoutes | undefined {
  const read = Object.values(DESCRIPTIONS).map(({ handMade }) => handMade(app, namespace, objects))
  return read.find((found) => found !== undefined)
}

/** The route objects of any provider that lead to a Service, by provider. */
export function routesTo(service: ObjectRef, objects: JsonObject[]): Record<ProviderName, OldRoutes[]> {
  const of = (name: ProviderName) => DESCRIPTIONS[name].routesTo(service, objects)
  return { gloo: of('gloo'), 'gateway-api': of('gateway-api') }
}

/** The `routes` in the values of an app that a Gateway serves. */
export function routesBehind({ namespace, name }: ObjectRef): JsonObject {
  return { provider: GATEWAY_API.name, gateway: { namespace, name } }
}

/** The providers in a cluster, each made at its first use: one for each kind and each app's routes. */
export function openRouting(kube: KubeAccess): Routing {
  const make: Record<ProviderName, (app?: RoutedApp) => RoutingProvider> = {
    gloo: () => new GlooProvider(kube),
    'gateway-api': (app) => new GatewayApiProvider(kube, app),
  }
  const made = new Map<string, RoutingProvider>()
  const known = async () => {
    const all = Object.values(make).map((provider) => provider())
    const there = await Promise.all(all.map((provider) => provider.isThere()))
    return all.filter((_, index) => there[index])
  }
  return {
    of(values, namespace) {
      const name = providerName(values)
      const key = JSON.stringify([name, values.routes, namespace])
      const provider = made.get(key) ?? make[name]({ values, namespace })
      made.set(key, provider)
      return provider
    },
    async present() {
      const found = await known()
      return found.length > 0 ? found : [make[DEFAULT]()]
    },
    async gateways(namespace) {
      const found = await known()
      return (await Promise.all(found.map((provider) => provider.gateways(namespace)))).flat()
    },
  }
}

/** The provider that a release's effective values name. */
function providerName(values: JsonObject): ProviderName {
  const { provider = DEFAULT } = record(values.routes)
  const known = Object.keys(DESCRIPTIONS)
  if (typeof provider === 'string' && Object.hasOwn(DESCRIPTIONS, provider)) return provider as ProviderName
  const isBoth = provider === 'both'
  throw new UsageError(
    isBoth
      ? 'routes.provider is both: canary can not yet move an app from one gateway to another, nor prove one served by two.'
      : `Invalid value ${JSON.stringify(provider)} for routes.provider (expected ${known.join(' or ')}).`,
    {
      state: 'Nothing was changed.',
      nextSteps: [`set routes.provider to ${known.join(' or ')} in the values`],
    },
  )
}
