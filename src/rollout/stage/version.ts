import { UsageError } from '../../model/errors.js'

const VERSION = /^[a-z0-9]([-a-z0-9._]{0,61}[a-z0-9])?$/
const NAME_LIMIT = 63

/** The form of a version, for messages. */
export const VERSION_FORM =
  'at most 63 characters of a-z, 0-9, ".", "-" and "_", with a letter or digit at both ends'

/**
 * Whether a text can be a version: a label's value, an image's tag and, by `objectName`, part of object names.
 * `constructor`, a key of every JavaScript object, is not one: counts and values are kept by version.
 */
export function isVersion(text: string): boolean {
  return VERSION.test(text) && !(text in {})
}

/**
 * Whether a text looks like a version rather than an app's name: `v2`, `v1.2-3`, `1.7`; `blue` and `7` can be either.
 */
export function looksLikeVersion(text: string): boolean {
  return /^(v\d+|\d+[._-]\d+)([._-]\d+)*$/i.test(text)
}

/** Name of a version's objects (Deployment, ConfigMap, …), as in the chart: `-` replaces `.` and `_`. */
export function objectName(app: string, version: string): string {
  return `${app}-${version.replace(/[._]/g, '-')}`
}

/**
 * Throws UsageError where the name of a version's objects is too long for a container, or is that of another deployed
 * version's objects.
 */
export function requireObjectName(app: string, version: string, deployed: string[] = []): void {
  const name = objectName(app, version)
  const state = 'Nothing was changed.'
  if (name.length > NAME_LIMIT) {
    throw new UsageError(
      `The name of the Deployment and its container, "${name}", is too long: ${name.length} characters (at most ${NAME_LIMIT}).`,
      { state, nextSteps: [`choose a version of at most ${NAME_LIMIT - app.length - 1} characters`] },
    )
  }
  const twin = deployed.find((other) => other !== version && objectName(app, other) === name)
  if (twin === undefined) return
  throw new UsageError(`The objects of ${version} and ${twin} would have the same name, "${name}".`, {
    state,
    nextSteps: [`choose a version that differs from ${twin} in more than ".", "-" and "_"`],
  })
}
