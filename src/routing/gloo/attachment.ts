import { isDeepStrictEqual } from 'node:util'
import { commented, kubectlCommand } from '../../model/command-line.js'
import { ConflictError } from '../../model/errors.js'
import { ApiError } from '../../cluster/kube/api-errors.js'
import type { KubeApi } from '../../cluster/kube/kube-api.js'
import { VIRTUAL_SERVICES } from './kinds.js'
import { writtenRoutes } from './objects.js'
import { GLOO_NAMESPACE, sharedVirtualService } from './shared-virtual-service.js'

/**
 * Creates the seed's VirtualService: every domain, every path, delegated to the RouteTables of all namespaces with this
 * apiGroup label. Throws ConflictError where one of that name is there already.
 */
export async function createVirtualService(api: KubeApi, apiGroup: string): Promise<void> {
  const virtualService = sharedVirtualService(apiGroup)
  const { name } = virtualService.metadata
  try {
    await api.create({ resource: VIRTUAL_SERVICES, namespace: GLOO_NAMESPACE }, virtualService)
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === 'AlreadyExists')) throw error
    // Somebody else made it at the same moment, for another app of a run perhaps.
    const found = await api.find({ resource: VIRTUAL_SERVICES, namespace: GLOO_NAMESPACE, name })
    if (found && isDeepStrictEqual(writtenRoutes(found), writtenRoutes(virtualService))) return
    throw new ConflictError(
      `VirtualService ${name} is there already in ${GLOO_NAMESPACE}, and does not select apiGroup ${apiGroup}.`,
      {
        state: 'It was left as it is.',
        nextSteps: [
          commented(
            kubectlCommand(['edit', 'virtualservice', name], GLOO_NAMESPACE),
            `add a route that selects apiGroup: ${apiGroup}`,
          ),
          'or give the app, by routes.apiGroup in its values, an apiGroup that a VirtualService selects already',
        ],
        cause: error,
      },
    )
  }
}
