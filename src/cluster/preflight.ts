import { CanaryError } from '../model/errors.js'
import { ApiError } from './kube/api-errors.js'
import type { ClusterObject, Finding, ProxyAddress } from './port.js'
import { GLOO_NAMESPACE } from '../routing/gloo/shared-virtual-service.js'
import type { Helm } from './helm/helm.js'
import { kubectlVersion } from './kube/kubectl.js'
import type { KubeApi } from './kube/kube-api.js'
import { ROUTE_TABLES, UPSTREAMS, VIRTUAL_SERVICES } from './kube/kube-types.js'
import { missingPermissions, type Permission } from './permissions.js'

/** What there is to look at. */
interface PreflightRequest {
  api: KubeApi
  helm: Helm
  proxyAddress: () => Promise<ProxyAddress>
}

/**
 * Looks at all that canary needs around an app in this namespace, and says for each thing whether it is there, and what
 * to do where not. Expected errors become findings.
 */
export async function preflight(request: PreflightRequest, namespace: string): Promise<Finding[]> {
  const { api, helm, proxyAddress } = request
  const [helmFinding, kubectlFinding, cluster] = await Promise.all([
    examine('helm', () => helm.version()),
    examine('kubectl', () => kubectlVersion()),
    examine('cluster', async () => `reached, Kubernetes ${await api.version()}`),
  ])
  const found = [helmFinding, kubectlFinding, cluster]
  if (cluster.status === 'problem') return found
  const [permissions, definitions] = await Promise.all([
    permissionFindings(api, namespace),
    examine('Gloo', () => glooFinding(api)),
  ])
  found.push(...permissions, definitions)
  if (definitions.status !== 'problem') found.push(await virtualServiceFinding(api))
  found.push(
    await examine('proxy', async () => {
      const address = await proxyAddress()
      await address.close()
      return `${address.origin} (${address.source})`
    }),
  )
  return found
}

async function examine(check: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { check, status: 'ok', detail: await look() }
  } catch (error) {
    if (!(error instanceof CanaryError)) throw error
    return { check, status: 'problem', detail: error.message, remedy: error.nextSteps.join('; ') }
  }
}

const WHERE: Partial<Record<Permission['scope'], string>> = {
  cluster: 'all namespaces',
  gateway: `namespace ${GLOO_NAMESPACE}`,
}

async function permissionFindings(api: KubeApi, namespace: string): Promise<Finding[]> {
  const check = 'permissions'
  let missing: Permission[] = []
  const asked = await examine(check, async () => {
    missing = await missingPermissions(api, namespace)
    return `all that canary and helm need in namespace ${namespace}`
  })
  if (missing.length === 0) return [asked]
  return missing.map(({ group, resource, verbs, scope, why, optional }) => ({
    check,
    status: optional ? 'warning' : 'problem',
    detail: `your user may not ${verbs.join(', ')} ${resource}${group ? `.${group}` : ''} in ${
      WHERE[scope] ?? `namespace ${namespace}`
    }: ${why}`,
    remedy: 'bind the roles of docs/rbac.yaml to your user, or ask for that',
  }))
}

async function glooFinding(api: KubeApi): Promise<string> {
  for (const resource of [VIRTUAL_SERVICES, ROUTE_TABLES, UPSTREAMS]) {
    try {
      await api.list({ resource, namespace: GLOO_NAMESPACE })
    } catch (error) {
      // Forbidden is an answer too: the kind is known.
      if (error instanceof ApiError && error.status === 403) continue
      if (!(error instanceof ApiError) || error.status !== 404) throw error
      throw new CanaryError(
        'external',
        `the cluster does not know ${resource.plural}: Gloo is not installed`,
        {
          nextSteps: ['install Gloo (https://docs.solo.io/gloo-edge/), or choose the cluster that has it'],
        },
      )
    }
  }
  return 'VirtualServices, RouteTables and Upstreams are known'
}

async function virtualServiceFinding(api: KubeApi): Promise<Finding> {
  const check = 'virtual service'
  try {
    const { items } = await api.list({ resource: VIRTUAL_SERVICES })
    const delegating = items.filter(delegates)
    const names = delegating.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
    if (names.length > 0) return { check, status: 'ok', detail: `delegating: ${names.join(', ')}` }
    return {
      check,
      status: 'warning',
      detail: 'none delegates to RouteTables: the routes of an app would reach nobody',
      remedy: 'canary install APP VERSION --with-virtual-service creates one',
    }
  } catch (error) {
    if (!(error instanceof CanaryError)) throw error
    return { check, status: 'warning', detail: error.message, remedy: error.nextSteps.join('; ') }
  }
}

function delegates({ spec }: ClusterObject): boolean {
  const { virtualHost } = (spec ?? {}) as { virtualHost?: { routes?: { delegateAction?: unknown }[] } }
  return virtualHost?.routes?.some(({ delegateAction }) => delegateAction !== undefined) ?? false
}
