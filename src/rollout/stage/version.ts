import { UsageError } from '../../model/errors.js'

const VERSION = /^[a-z0-9]([-a-z0-9._]{0,61}[a-z0-9])?$/
const NAME_LIMIT = 63

/** What a version may be, for messages. */
export const VERSION_FORM =
  'at most 63 characters of a-z, 0-9, ".", "-" and "_", with a letter or digit at both ends'

/**
 * Whether a text can be a version: a label's value, an image's tag and, by `objectName`, part of the names of objects.
 * `constructor`, which each JavaScript object has, counts as none: counts and values are kept by version.
 */
export function isVersion(text: string): boolean {
  return VERSION.test(text) && !(text in {})
}

/** Whether a text reads as a version rather than as an app's name: `v2`, `v1.2-3`, `1.7`; `blue` and `7` may be either. */
export function looksLikeVersion(text: string): boolean {
  return /^(v\d+|\d+[._-]\d+)([._-]\d+)*$/i.test(text)
}

/** Name of a version's objects (Deployment, ConfigMap, …), as the chart makes it: `-` stands for `.` and `_`. */
export function objectName(app: string, version: string): string {
  return `${app}-${version.replace(/[._]/g, '-')}`
}

/**
 * Throws UsageError where the objects of a version can't have the name they would get: it is too long for a container,
 * or those of another deployed version have it.
 */
export function requireObjectName(app: string, version: string, deployed: string[] = []): void {
  const name = objectName(app, version)
  const state = 'Nothing was changed.'
  if (name.length > NAME_LIMIT) {
    throw new UsageError(
      `"${name}" is too long for the name of a Deployment and its container: ${name.length} characters, ${NAME_LIMIT} at most.`,
      { state, nextSteps: [`choose a version of at most ${NAME_LIMIT - app.length - 1} characters`] },
    )
  }
  const twin = deployed.find((other) => other !== version && objectName(app, other) === name)
  if (twin === undefined) return
  throw new UsageError(`The objects of ${version} and of ${twin} would have one name, "${name}".`, {
    state,
    nextSteps: [`choose a version that differs from ${twin} in more than ".", "-" and "_"`],
  })
}
