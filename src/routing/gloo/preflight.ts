import { canaryCommand } from '../../model/command-line.js'
import type { Finding } from '../../model/results/doctor.js'
import { ApiError } from '../../cluster/kube/api-errors.js'
import type { KubeApi } from '../../cluster/kube/kube-api.js'
import type { ProxyAddress } from '../../cluster/kube/port-forward.js'
import { examine } from '../../cluster/preflight.js'
import { CanaryError } from '../../model/errors.js'
import { ROUTE_TABLES, UPSTREAMS, VIRTUAL_SERVICES } from './kinds.js'
import { writtenRoutes } from './objects/gloo-object.js'
import { GLOO_NAMESPACE } from './shared-virtual-service.js'

/** Whether Gloo, a delegating VirtualService and the proxy exist. */
export async function preflight(api: KubeApi, proxyAddress: () => Promise<ProxyAddress>): Promise<Finding[]> {
  const definitions = await examine('Gloo', () => definitionsKnown(api))
  return [
    definitions,
    ...(definitions.status === 'problem' ? [] : [await virtualServiceFinding(api)]),
    await examine('proxy', async () => {
      const address = await proxyAddress()
      await address.close()
      return `${address.origin} (${address.source})`
    }),
  ]
}

async function definitionsKnown(api: KubeApi): Promise<string> {
  for (const resource of [VIRTUAL_SERVICES, ROUTE_TABLES, UPSTREAMS]) {
    try {
      await api.list({ resource, namespace: GLOO_NAMESPACE })
    } catch (error) {
      // Forbidden is an answer, too: the kind is known.
      if (error instanceof ApiError && error.status === 403) continue
      if (!(error instanceof ApiError) || error.status !== 404) throw error
      throw new CanaryError(
        'external',
        `the cluster does not serve ${resource.plural}: Gloo is not installed`,
        {
          nextSteps: ['install Gloo (https://docs.solo.io/gloo-edge/), or choose the cluster that has it'],
        },
      )
    }
  }
  return 'the cluster serves VirtualServices, RouteTables and Upstreams'
}

async function virtualServiceFinding(api: KubeApi): Promise<Finding> {
  const check = 'virtual service'
  try {
    const { items } = await api.list({ resource: VIRTUAL_SERVICES })
    const delegating = items.filter((service) =>
      writtenRoutes(service).some(({ delegateAction }) => delegateAction !== undefined),
    )
    const names = delegating.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
    if (names.length > 0) return { check, status: 'ok', detail: `delegating: ${names.join(', ')}` }
    return {
      check,
      status: 'warning',
      detail: 'none delegates to RouteTables: no request would reach an app',
      remedy: `${canaryCommand(['install', 'APP', 'VERSION', '--with-virtual-service'])} creates one`,
    }
  } catch (error) {
    if (!(error instanceof CanaryError)) throw error
    return { check, status: 'warning', detail: error.message, remedy: error.nextSteps.join('; ') }
  }
}
