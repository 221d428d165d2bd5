import { applyPatch, type Operation } from 'rfc6902'
import type { PatchKind } from '../encoding/body.js'
import type { KubeObject } from '../objects.js'
import type { FieldSchema } from '../schema/types.js'
import { ApiError, badRequest } from '../status.js'
import { mergePatch } from './merge-patch.js'
import { strategicMerge } from './strategic-merge.js'

/** The live object after a client's patch, not yet checked against its schema. */
export function patchObject(
  live: KubeObject,
  patch: unknown,
  kind: Exclude<PatchKind, 'apply'>,
  schema: FieldSchema,
): KubeObject {
  if (kind === 'json') return jsonPatch(live, patch)
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) {
    throw badRequest('the patch must be a JSON object')
  }
  return (kind === 'merge' ? mergePatch(live, patch) : strategicMerge(live, patch, schema)) as KubeObject
}

function jsonPatch(live: KubeObject, patch: unknown): KubeObject {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch must be a list of operations')
  const patched = structuredClone(live)
  const errors = applyPatch(patched, patch as Operation[])
  if (errors.some((error) => error !== null)) {
    throw new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {})
  }
  return patched
}
