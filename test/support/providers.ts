import type { HelmMajor } from '../../scripts/tools.js'
import type { Sandbox } from '../../src/sandbox/sandbox.js'

/** How a provider is chosen, and where its proxies are in the sandbox. */
export interface ProviderCase {
  provider: string
  install: string[]
  url: (sandbox: Pick<Sandbox, 'proxyUrl' | 'gatewayUrl'>) => string
  /** The `routes` in the values that it adds. */
  routes: object
  /** Plurals of its kinds. */
  kinds: string
  /** That of its routes. */
  routeKind: string
}

export const GLOO: ProviderCase = {
  provider: 'gloo',
  install: ['--with-virtual-service'],
  url: ({ proxyUrl }) => proxyUrl,
  routes: { apiGroup: 'example' },
  kinds: 'upstreams,routetables',
  routeKind: 'routetables',
}

export const GATEWAY_API: ProviderCase = {
  provider: 'gateway-api',
  install: ['--gateway', 'gateways/public'],
  url: ({ gatewayUrl }) => gatewayUrl!,
  routes: {
    apiGroup: 'example',
    provider: 'gateway-api',
    gateway: { namespace: 'gateways', name: 'public' },
  },
  kinds: 'httproutes,referencegrants',
  routeKind: 'httproutes',
}

export const EVERY_PROVIDER: ProviderCase[] = [GLOO, GATEWAY_API]

/** Each provider and each Helm once: what a story needs where neither depends on the other. */
export const EACH_ONCE: (ProviderCase & { major: HelmMajor })[] = [
  { major: 3, ...GLOO },
  { major: 4, ...GATEWAY_API },
]

/** The other pairs, for stories whose steps others go through with EACH_ONCE. */
export const EACH_ONCE_SWAPPED: (ProviderCase & { major: HelmMajor })[] = [
  { major: 4, ...GLOO },
  { major: 3, ...GATEWAY_API },
]
