import type { JsonObject } from '../../model/values.js'
import { effectiveValues, isObject } from '../values/merge.js'

/**
 * What the chart uses for a version: its own configuration over that of all versions (`app`), without keys set to null.
 */
export function effectiveConfig(values: JsonObject, version: string): JsonObject {
  const shared = isObject(values.app) ? values.app : {}
  const own = isObject(values.deployment) ? values.deployment[version] : undefined
  return effectiveValues(shared, isObject(own) ? own : {})
}

export interface ImageReference {
  /** As in pods; without a tag, the version is the tag. */
  reference: string
  /** Whether it has a tag or digest. */
  pinned: boolean
}

/** The image of a version; undefined where the values name none, which is the chart's own. */
export function imageOf(values: JsonObject, version: string): ImageReference | undefined {
  const { image } = effectiveConfig(values, version)
  if (typeof image === 'string') {
    const pinned = namesContent(image)
    return { reference: pinned ? image : `${image}:${version}`, pinned }
  }
  if (!isObject(image) || typeof image.repository !== 'string') return undefined
  const tag = typeof image.tag === 'string' || typeof image.tag === 'number' ? String(image.tag) : ''
  const digest = typeof image.digest === 'string' ? image.digest : ''
  const pinned = tag !== '' || digest !== ''
  const withTag = image.repository + (tag ? `:${tag}` : pinned ? '' : `:${version}`)
  return { reference: digest ? `${withTag}@${digest}` : withTag, pinned }
}

/** A tag comes after the last slash; before it, a colon starts a registry's port. */
function namesContent(image: string): boolean {
  return image.includes('@') || image.slice(image.lastIndexOf('/') + 1).includes(':')
}
