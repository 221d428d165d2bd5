import type { Releases } from '../../cluster/ports/releases.js'
import { canaryCommand, commented, kubectlCommand } from '../../model/command-line.js'
import { nearest } from '../../lib/closest.js'
import { CanaryError, ConflictError } from '../../model/errors.js'
import { looksLikeVersion } from '../../rollout/stage/version.js'
import type { OperationContext } from '../context.js'
import type { Observation } from './observe.js'

/** How many similar names an error lists. */
const MOST_NEAREST = 3

/**
 * The error for a missing app: whether its namespace exists, and similar names with their namespaces, or that no
 * revision of its release was ever deployed. `details` are added.
 */
export async function absentApp(
  context: OperationContext,
  { app, namespace, history }: Omit<Observation, 'stage'>,
  details: string[] = [],
): Promise<ConflictError> {
  const left = history?.newest
  if (left && left.status !== 'uninstalled') {
    return new ConflictError(
      `No revision of ${app} was ever deployed: revision ${left.revision} is ${left.status}.`,
      {
        state: 'Nothing was changed.',
        details,
        nextSteps: [
          commented(canaryCommand(['abort', app], { app, namespace }), 'removes the remains'),
          canaryCommand(['status', app], { app, namespace }),
        ],
      },
    )
  }
  const [hasNamespace, near] = await Promise.all([
    namespace === undefined ? true : isNamespaceThere(context.cluster, namespace),
    nearestApps(context, app),
  ])
  const where = namespace === undefined ? 'in any namespace' : `in namespace ${namespace}`
  const names = near.map((one) => `${one.app} (namespace ${one.namespace})`).join(', ')
  const message = hasNamespace
    ? `There is no release named ${app} ${where}`
    : `There is no namespace ${namespace}, and so no release named ${app} in it`
  return new ConflictError(`${message}${near.length > 0 ? `; the nearest: ${names}` : ''}.`, {
    state: `${app} is absent; nothing was changed.`,
    details,
    nextSteps: [
      ...(looksLikeVersion(app) ? [`APP comes before VERSION: "${app}" looks like a version`] : []),
      ...near.map((one) => canaryCommand(['status', one.app], one)),
      canaryCommand(['install', app, 'VERSION'], { app, namespace }),
      commented(canaryCommand(['status']), 'lists all apps'),
    ],
    evidence: { app, ...(namespace === undefined ? {} : { namespace }), nearest: near },
  })
}

/** Throws ConflictError if the namespace does not exist; without permission to read it, it counts as existing. */
export async function requireNamespace(context: OperationContext, namespace: string): Promise<void> {
  if (await isNamespaceThere(context.cluster, namespace)) return
  throw new ConflictError(`There is no namespace ${namespace}.`, {
    state: 'Nothing was changed.',
    nextSteps: [
      commented(canaryCommand(['status']), 'lists the apps of all namespaces'),
      kubectlCommand(['get', 'namespaces']),
    ],
    evidence: { namespace },
  })
}

/** Whether the namespace exists; without permission to read it, it counts as existing. */
export async function isNamespaceThere(
  cluster: OperationContext['cluster'],
  namespace: string,
): Promise<boolean> {
  const [found] = await cluster.liveObjects(
    [{ apiVersion: 'v1', kind: 'Namespace', name: namespace }],
    namespace,
  )
  return found === undefined || found.object !== undefined
}

/** Similar names among the apps that the user may list. */
async function nearestApps(
  { cluster }: { cluster: Releases },
  app: string,
): Promise<{ app: string; namespace: string }[]> {
  try {
    const releases = await cluster.listReleases()
    const names = nearest(app, [...new Set(releases.map(({ name }) => name))]).slice(0, MOST_NEAREST)
    return names.flatMap((name) =>
      releases.filter((one) => one.name === name).map(({ namespace }) => ({ app: name, namespace })),
    )
  } catch (error) {
    if (error instanceof CanaryError) return []
    throw error
  }
}
