import { ACCESS_REVIEWS } from './kube/kube-types.js'
import type { KubeApi } from './kube/kube-api.js'

/** Something a user must be allowed to do. */
export interface Permission {
  /** API group, empty for the core group. */
  group: string
  /** Plural, and a subresource after a slash: `pods/log`. */
  resource: string
  verbs: string[]
  /** `app`: in the app's namespace; `cluster`: everywhere. */
  scope: 'app' | 'cluster' | { namespace: string }
  /** Its purpose. */
  why: string
  /** Without it canary still works, except for what `why` names. */
  optional?: true
}

export const APPLY = ['get', 'list', 'create', 'update', 'patch', 'delete']

/**
 * Permissions that canary and its helm need for any app, besides the routing provider's: docs/rbac.yaml has all of them
 * as a manifest.
 */
export const PERMISSIONS: Permission[] = [
  {
    group: '',
    resource: 'secrets',
    verbs: ['get', 'list', 'create', 'update', 'delete'],
    scope: 'app',
    why: "Helm's records of the release",
  },
  { group: '', resource: 'services', verbs: APPLY, scope: 'app', why: 'the Service of the chart' },
  {
    group: 'apps',
    resource: 'deployments',
    verbs: [...APPLY, 'watch'],
    scope: 'app',
    why: 'a Deployment for each version',
  },
  ...[
    { group: '', resource: 'configmaps', value: 'config' },
    { group: '', resource: 'serviceaccounts', value: 'serviceAccount.create' },
    { group: 'autoscaling', resource: 'horizontalpodautoscalers', value: 'autoscaling' },
    { group: 'policy', resource: 'poddisruptionbudgets', value: 'podDisruptionBudget' },
  ].map(({ value, ...kind }): Permission => ({
    ...kind,
    verbs: APPLY,
    scope: 'app',
    why: `apps with ${value} in their values`,
    optional: true,
  })),
  { group: '', resource: 'pods', verbs: ['list', 'watch'], scope: 'app', why: 'waiting for pods' },
  {
    group: 'apps',
    resource: 'replicasets',
    verbs: ['list', 'watch'],
    scope: 'app',
    why: "distinguishing the app's pods from others with the same labels (without it, by their names)",
    optional: true,
  },
  {
    group: '',
    resource: 'events',
    verbs: ['list'],
    scope: 'app',
    why: 'why pods are not ready',
    optional: true,
  },
  {
    group: '',
    resource: 'pods/log',
    verbs: ['get'],
    scope: 'app',
    why: 'why pods are not ready',
    optional: true,
  },
  {
    group: 'autoscaling',
    resource: 'horizontalpodautoscalers',
    verbs: ['list'],
    scope: 'app',
    why: 'distinguishing an autoscaler from scaling by hand',
    optional: true,
  },
  {
    group: '',
    resource: 'namespaces',
    verbs: ['get'],
    scope: 'app',
    why: 'noticing that the namespace is being deleted',
    optional: true,
  },
  {
    group: '',
    resource: 'endpoints',
    verbs: ['get'],
    scope: 'app',
    why: 'naming the cause when a check does not pass',
    optional: true,
  },
  {
    group: 'coordination.k8s.io',
    resource: 'leases',
    verbs: ['get', 'create', 'update', 'delete'],
    scope: 'app',
    why: 'one operator at a time (without it, only the check of the revision keeps two apart)',
    optional: true,
  },
  {
    group: 'coordination.k8s.io',
    resource: 'leases',
    verbs: ['list'],
    scope: 'app',
    why: 'listing what runs wait for (canary runs)',
    optional: true,
  },
  {
    group: '',
    resource: 'secrets',
    verbs: ['list'],
    scope: 'cluster',
    why: 'finding an app without --namespace',
    optional: true,
  },
  {
    group: '',
    resource: 'services',
    verbs: ['get'],
    scope: 'cluster',
    why: "the proxy's address (without it, give --proxy-url)",
    optional: true,
  },
  {
    group: '',
    resource: 'nodes',
    verbs: ['list'],
    scope: 'cluster',
    why: "the proxy's address behind a NodePort",
    optional: true,
  },
]

/** The permissions that the user lacks, each with the missing verbs. */
export async function missingPermissions(
  api: KubeApi,
  namespace: string,
  permissions: readonly Permission[],
): Promise<Permission[]> {
  const reviewed = await Promise.all(
    permissions.map(async (permission) => {
      const allowed = await Promise.all(
        permission.verbs.map((verb) => mayI(api, permission, verb, namespace)),
      )
      return { ...permission, verbs: permission.verbs.filter((_, index) => !allowed[index]) }
    }),
  )
  return reviewed.filter(({ verbs }) => verbs.length > 0)
}

async function mayI(api: KubeApi, permission: Permission, verb: string, namespace: string): Promise<boolean> {
  const { group, scope } = permission
  const [resource, subresource] = permission.resource.split('/')
  const where = scope === 'cluster' ? {} : scope === 'app' ? { namespace } : scope
  const resourceAttributes = { group, resource, ...(subresource ? { subresource } : {}), verb, ...where }
  const review = await api.create(
    { resource: ACCESS_REVIEWS },
    { apiVersion: ACCESS_REVIEWS.apiVersion, kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } },
  )
  return (review.status as { allowed?: boolean } | undefined)?.allowed ?? false
}
