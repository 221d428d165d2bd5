import type { AppLock, VersionPods } from '../cluster/cluster.js'
import { isObject } from '../rollout/merge.js'
import type { OperationContext } from './context.js'
import { observe, type Observation } from './observe.js'

/** Deployments that carry the app's labels but are not in its values: what a failed or foreign helm left behind. */
export async function orphansOf(
  context: OperationContext,
  { app, namespace, deployed }: Pick<Observation, 'app' | 'namespace' | 'deployed'>,
): Promise<VersionPods[]> {
  if (!namespace || !deployed) return []
  const { deployment } = deployed.config
  const named = new Set(isObject(deployment) ? Object.keys(deployment) : [])
  const pods = await context.cluster.versionPods(app, namespace)
  return pods.filter(({ version }) => !named.has(version))
}

/** Shows them, and removes them: no route names their versions. */
export async function removeOrphans(
  context: OperationContext,
  request: { app: string; namespace: string },
  lock: AppLock,
): Promise<void> {
  const { app, namespace } = request
  const orphans = await orphansOf(context, await observe(context, request))
  if (orphans.length === 0) return
  await lock.confirm()
  for (const { deployment, version, image, ready } of orphans) {
    context.emit({
      type: 'note',
      message: `removing Deployment ${deployment} (${version}, ${image}, ${ready} pods ready): it is not in the values of ${app}`,
    })
    await context.cluster.removeDeployment(deployment, namespace)
  }
  const versions = orphans.map(({ version }) => version)
  const started = Date.now()
  await context.cluster.waitForPodsGone(app, namespace, versions, context.podTimeoutMs)
  context.emit({ type: 'pods-gone', versions, elapsedMs: Date.now() - started })
}
