import { isDeepStrictEqual } from 'node:util'
import type { ObjectChange } from '../../model/results/upgrade-changes.js'
import type { JsonObject } from '../../model/values.js'
import { diffValues, type ValueChange } from '../../model/values-diff.js'
import { nameOf } from '../drift/drift.js'
import { isObject } from '../values/merge.js'

/** Helm's label with the chart's version on every object: the plan's line about the chart covers it. */
const CHART_LABEL = 'metadata.labels."helm.sh/chart"'

/**
 * How one rendered manifest differs from another: objects removed, objects added, and fields changed. Hooks are left
 * out: Helm keeps them apart from the release's objects.
 */
export function manifestChanges(before: JsonObject[], after: JsonObject[]): ObjectChange[] {
  const old = byIdentity(before)
  const fresh = byIdentity(after)
  const changes: ObjectChange[] = []
  for (const [identity, object] of old) {
    const now = fresh.get(identity)
    if (!now) changes.push({ ...namesOf(object), change: 'removed', fields: [] })
    else if (!isDeepStrictEqual(object, now)) {
      const fields = fieldChanges(object, now)
      if (fields.length > 0) changes.push({ ...namesOf(object), change: 'changed', fields })
    }
  }
  for (const [identity, object] of fresh) {
    if (!old.has(identity)) changes.push({ ...namesOf(object), change: 'added', fields: [] })
  }
  return changes
}

function fieldChanges(before: JsonObject, after: JsonObject): ValueChange[] {
  return diffValues(before, after, ['name']).filter(({ path }) => path !== CHART_LABEL)
}

function byIdentity(objects: JsonObject[]): Map<string, JsonObject> {
  return new Map(
    objects
      .filter((object) => !isHook(object))
      .map((object) => {
        const { apiVersion, metadata } = object
        const group = typeof apiVersion === 'string' ? apiVersion.split('/').slice(0, -1).join('/') : ''
        const namespace = isObject(metadata) ? metadata.namespace : undefined
        const { kind, name } = namesOf(object)
        return [JSON.stringify([group, kind, namespace ?? null, name]), object]
      }),
  )
}

function isHook({ metadata }: JsonObject): boolean {
  const annotations = isObject(metadata) ? metadata.annotations : undefined
  return isObject(annotations) && annotations['helm.sh/hook'] !== undefined
}

function namesOf(object: JsonObject): { kind: string; name: string } {
  return { kind: typeof object.kind === 'string' ? object.kind : 'object', name: nameOf(object) ?? '' }
}
