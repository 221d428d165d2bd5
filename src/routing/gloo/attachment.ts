import { isDeepStrictEqual } from 'node:util'
import { commented, kubectlCommand } from '../../model/command-line.js'
import { ConflictError } from '../../model/errors.js'
import { ApiError } from '../../cluster/kube/api-errors.js'
import type { KubeApi } from '../../cluster/kube/kube-api.js'
import { VIRTUAL_SERVICES } from './kinds.js'
import { writtenRoutes } from './objects/gloo-object.js'
import { GLOO_NAMESPACE, sharedVirtualService } from './shared-virtual-service.js'

/**
 * Creates the seed's VirtualService: every domain and path, delegated to the RouteTables of all namespaces with this
 * apiGroup label. Throws ConflictError if the name is taken.
 */
export async function createVirtualService(api: KubeApi, apiGroup: string): Promise<void> {
  const virtualService = sharedVirtualService(apiGroup)
  const { name } = virtualService.metadata
  try {
    await api.create({ resource: VIRTUAL_SERVICES, namespace: GLOO_NAMESPACE }, virtualService)
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === 'AlreadyExists')) throw error
    // Somebody else created it at the same moment, perhaps for another app of a run.
    const found = await api.find({ resource: VIRTUAL_SERVICES, namespace: GLOO_NAMESPACE, name })
    if (found && isDeepStrictEqual(writtenRoutes(found), writtenRoutes(virtualService))) return
    throw new ConflictError(
      `VirtualService ${name} already exists in ${GLOO_NAMESPACE}, and does not select apiGroup ${apiGroup}.`,
      {
        state: 'It was not changed.',
        nextSteps: [
          commented(
            kubectlCommand(['edit', 'virtualservice', name], GLOO_NAMESPACE),
            `add a route that selects apiGroup: ${apiGroup}`,
          ),
          'or set routes.apiGroup in its values to an apiGroup that a VirtualService selects',
        ],
        cause: error,
      },
    )
  }
}
