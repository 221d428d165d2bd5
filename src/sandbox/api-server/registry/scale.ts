import { patchKind, readObject, readPatch } from '../encoding/body.js'
import type { KubeObject } from '../objects.js'
import { patchObject } from '../patch/patch-object.js'
import { methodNotAllowed, modified, notFound } from '../status.js'
import { labelText } from '../encoding/table.js'
import { updateObject } from './admit.js'
import { liveObject, type Answer, type WriteContext, type WriteRequest } from './context.js'

/** The `scale` of a Deployment or ReplicaSet: its replicas as an object of their own. */
export async function scale({ store }: WriteContext, request: WriteRequest): Promise<Answer> {
  const { resource, verb, name = '' } = request
  const live = liveObject(store, request)
  if (!live) throw notFound(resource, name)
  if (verb === 'get') return { code: 200, body: scaleOf(live) }
  const wanted = await wantedScale(request, live)
  const { resourceVersion } = (wanted.metadata ?? {}) as { resourceVersion?: string }
  if (resourceVersion && resourceVersion !== live.metadata.resourceVersion) throw modified(resource, name)
  const next = structuredClone(live)
  next.spec.replicas = wanted.spec?.replicas ?? 0
  return { code: 200, body: scaleOf(updateObject(store, request, live, next)) }
}

async function wantedScale(
  { verb, body, resource }: WriteRequest,
  live: KubeObject,
): Promise<Record<string, any>> {
  if (verb === 'update') return readObject(body, 'Scale')
  if (verb !== 'patch') throw methodNotAllowed()
  const kind = patchKind(body.contentType, resource)
  if (kind === 'apply') throw methodNotAllowed()
  return patchObject(scaleOf(live), await readPatch(body, kind), kind, 'any')
}

function scaleOf({ metadata, spec, status }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec.replicas ? { replicas: spec.replicas as number } : {},
    status: {
      replicas: (status?.replicas as number | undefined) ?? 0,
      selector: labelText(spec.selector?.matchLabels as Record<string, string> | undefined),
    },
  }
}
