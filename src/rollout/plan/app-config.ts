import type { JsonObject } from '../../model/values.js'
import { effectiveValues, isObject } from '../values/merge.js'

/** What the chart makes of a version: its own configuration over that of all versions (`app`), without what null removes. */
export function effectiveConfig(values: JsonObject, version: string): JsonObject {
  const shared = isObject(values.app) ? values.app : {}
  const own = isObject(values.deployment) ? values.deployment[version] : undefined
  return effectiveValues(shared, isObject(own) ? own : {})
}

export interface ImageReference {
  /** As pods name it; where no tag is said, the version is the tag. */
  reference: string
  /** Whether a tag or digest is said. */
  pinned: boolean
}

/** The image that a version runs; undefined where none is said, which is the chart's own. */
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

/** A tag is after the last slash: a registry's port is before it. */
function namesContent(image: string): boolean {
  return image.includes('@') || image.slice(image.lastIndexOf('/') + 1).includes(':')
}
