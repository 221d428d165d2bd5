import { type AppPlace, canaryCommand } from '../../model/command-line.js'
import { UsageError } from '../../model/errors.js'
import type { JsonObject, VersionConfig } from '../../model/values.js'
import { imageOf } from './app-config.js'
import { mergeValues } from '../values/merge.js'
import { setValue } from '../values/set-values.js'

export interface ConfigChanges {
  image?: string
  /** `--set-version` texts, in order. */
  set?: string[]
  /** The content of `--version-values`. */
  values?: JsonObject
}

/**
 * The configuration of a new version: that of the version before, with the changes. Where a user's image has a tag or
 * digest, the new version must name another: the same image under a new name would be verified as something it is not.
 * `shared` is the configuration of all versions (`app`), if any.
 */
export function nextConfig(
  place: AppPlace,
  version: string,
  from: { version: string; config: VersionConfig },
  changes: ConfigChanges,
  shared: JsonObject = {},
): VersionConfig {
  const config = changedConfig(from.config, changes)
  const before = imageOf({ app: shared, deployment: { [from.version]: from.config } }, from.version)
  const after = imageOf({ app: shared, deployment: { [version]: config } }, version)
  if (after?.pinned && after.reference === before?.reference) {
    throw new UsageError(
      `${version} would run the image of ${from.version}, ${after.reference}: their answers could not be told apart.`,
      {
        nextSteps: [
          canaryCommand(['start', place.app, version, '--image', withTag(after.reference, version)], place),
        ],
      },
    )
  }
  return config
}

/** A configuration with the changes applied: first the file, then the settings, then the image. */
export function changedConfig(config: VersionConfig, changes: ConfigChanges): VersionConfig {
  let changed = changes.values ? mergeValues(config, changes.values) : config
  for (const text of changes.set ?? []) changed = setValue(changed, text, false)
  return changes.image === undefined ? changed : { ...changed, image: changes.image }
}

function withTag(image: string, tag: string): string {
  const [name = image] = image.split('@')
  const slash = name.lastIndexOf('/')
  const colon = name.indexOf(':', slash + 1)
  return `${colon < 0 ? name : name.slice(0, colon)}:${tag}`
}
