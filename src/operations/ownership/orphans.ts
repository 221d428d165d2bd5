import type { AppLock } from '../../cluster/ports/locks.js'
import type { OperationContext } from '../context.js'
import { observe } from '../observe/observe.js'
import { holdingsOf } from './holdings.js'

/**
 * Removes orphans and reports each: Helm's metadata gives them to the release, and no route names their versions. Ready
 * pods do not protect them: a step that failed halfway had started them.
 */
export async function removeOrphans(
  context: OperationContext,
  request: { app: string; namespace: string },
  lock: AppLock,
): Promise<void> {
  const { app, namespace } = request
  const { orphans } = await holdingsOf(context, await observe(context, request))
  if (orphans.length === 0) return
  await lock.confirm()
  for (const { deployment, version, image, ready } of orphans) {
    context.emit({
      type: 'note',
      message: `removing Deployment ${deployment} (${version}, ${image}, ${ready} pods ready): it is not in the values of ${app}`,
    })
    await context.cluster.removeDeployment(deployment, { app, namespace })
  }
  const versions = orphans.map(({ version }) => version)
  const started = context.clock.now()
  await context.cluster.waitForPodsGone(app, namespace, versions, context.podTimeoutMs)
  context.emit({ type: 'pods-gone', versions, elapsedMs: context.clock.now() - started })
}
