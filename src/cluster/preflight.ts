import type { Finding } from '../model/results/doctor.js'
import { CanaryError } from '../model/errors.js'
import type { Helm } from './helm/helm.js'
import type { KubeApi } from './kube/kube-api.js'
import { kubectlVersion } from './kube/kubectl.js'
import { missingPermissions, type Permission, PERMISSIONS } from './permissions.js'

/** Whether helm, kubectl and the cluster work. Expected errors become findings, with a remedy. */
export async function preflight(api: KubeApi, helm: Helm): Promise<Finding[]> {
  return Promise.all([
    examine('helm', () => helm.version()),
    examine('kubectl', () => kubectlVersion()),
    examine('cluster', async () => `reached, Kubernetes ${await api.version()}`),
  ])
}

export async function examine(check: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { check, status: 'ok', detail: await look() }
  } catch (error) {
    if (!(error instanceof CanaryError)) throw error
    return { check, status: 'problem', detail: error.message, remedy: error.nextSteps.join('; ') }
  }
}

/** Whether the user may do what canary and helm need in this namespace, and what `more` names. */
export async function permissionFindings(
  api: KubeApi,
  namespace: string,
  more: readonly Permission[],
): Promise<Finding[]> {
  const check = 'permissions'
  let missing: Permission[] = []
  const asked = await examine(check, async () => {
    missing = await missingPermissions(api, namespace, [...PERMISSIONS, ...more])
    return `everything that canary and helm need in namespace ${namespace}`
  })
  if (missing.length === 0) return [asked]
  const required = missing.filter(({ optional }) => !optional)
  const ordered = [...required, ...missing.filter(({ optional }) => optional)]
  return ordered.map(({ group, resource, verbs, scope, why, optional }) => ({
    check,
    status: optional ? 'warning' : 'problem',
    detail: `your user may not ${verbs.join(', ')} ${resource}${group ? `.${group}` : ''} in ${placeOf(scope, namespace)}: ${why}`,
    remedy: 'bind the roles of docs/rbac.yaml to your user, or ask for them',
  }))
}

function placeOf(scope: Permission['scope'], namespace: string): string {
  if (scope === 'cluster') return 'all namespaces'
  return `namespace ${scope === 'app' ? namespace : scope.namespace}`
}
