import type { HelmMajor } from '../../scripts/tools.js'
import type { Sandbox } from '../../src/sandbox/sandbox.js'

/** How a provider is chosen, and where its proxies are in the sandbox. */
export interface ProviderCase {
  provider: string
  install: string[]
  url: (sandbox: Sandbox) => string
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

/** Every provider, and every Helm. */
export const PROVIDERS: (ProviderCase & { major: HelmMajor })[] = [
  { major: 3, ...GLOO },
  { major: 4, ...GLOO },
  { major: 4, ...GATEWAY_API },
]
