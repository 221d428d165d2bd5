import { UsageError } from '../model/errors.js'
import type { JsonObject, VersionConfig } from '../model/values.js'
import { isObject, mergeValues } from './merge.js'
import { setValue } from './set-values.js'

export interface ConfigChanges {
  image?: string
  /** `--set-version` texts, in order. */
  set?: string[]
  /** The content of `--version-values`. */
  values?: JsonObject
}

/**
 * The configuration of a new version: the one it comes after, with the changes. Where a user's image has a tag or
 * digest, the new version must name another: the same image under a new name would be proven as something it is not.
 * `shared` is the image of all versions (`app.image`), if there is one.
 */
export function nextConfig(
  app: string,
  version: string,
  from: { version: string; config: VersionConfig },
  changes: ConfigChanges,
  shared?: string,
): VersionConfig {
  const config = changedConfig(from.config, changes)
  const before = imageOf(from.config) ?? shared
  const after = imageOf(config) ?? shared
  if (after !== undefined && after === before && isPinned(after)) {
    throw new UsageError(
      `${version} would run the image of ${from.version}, ${after}: it could not be told from ${from.version}.`,
      { nextSteps: [`canary start ${app} ${version} --image ${withTag(after, version)}`] },
    )
  }
  return config
}

/** A configuration with the changes applied: the file first, then the settings, then the image. */
export function changedConfig(config: VersionConfig, changes: ConfigChanges): VersionConfig {
  let changed = changes.values ? mergeValues(config, changes.values) : config
  for (const text of changes.set ?? []) changed = setValue(changed, text, false)
  return changes.image === undefined ? changed : { ...changed, image: changes.image }
}

function imageOf({ image }: VersionConfig): string | undefined {
  if (typeof image === 'string') return image
  if (!isObject(image)) return undefined
  const { repository, tag, digest } = image
  if (typeof repository !== 'string') return undefined
  return (
    repository + (typeof tag === 'string' ? `:${tag}` : '') + (typeof digest === 'string' ? `@${digest}` : '')
  )
}

/** Whether an image reference names its content: a tag after the last slash (a port is before it), or a digest. */
function isPinned(image: string): boolean {
  return image.includes('@') || image.slice(image.lastIndexOf('/') + 1).includes(':')
}

function withTag(image: string, tag: string): string {
  const [name = image] = image.split('@')
  const slash = name.lastIndexOf('/')
  const colon = name.indexOf(':', slash + 1)
  return `${colon < 0 ? name : name.slice(0, colon)}:${tag}`
}
