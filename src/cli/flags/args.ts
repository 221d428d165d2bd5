import * as Args from '@oclif/core/args'
import { canaryCommand, commented } from '../../model/command-line.js'
import { UsageError } from '../../model/errors.js'
import { isVersion, looksLikeVersion, VERSION_FORM } from '../../rollout/stage/version.js'

// Arguments stay strings: a version may look like a number. oclif would read a missing one from stdin; none of these may be.

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/

/** Helm's own limit for release names. */
const APP_LENGTH = 53

export const requiredApp = Args.string({
  description: 'App: the name of its Helm release, and its path: /APP',
  required: true,
  ignoreStdin: true,
})

export const optionalApp = Args.string({
  description: 'App: the name of its Helm release, and its path: /APP',
  ignoreStdin: true,
})

export function versionArg(description: string) {
  return Args.string({ description, required: true, ignoreStdin: true })
}

/** Throws UsageError unless the text can name a Helm release and its objects. */
export function checkApp(text: string): string {
  refuseReserved('APP', text)
  if (LABEL.test(text) && text.length <= APP_LENGTH) return text
  throw new UsageError(`APP "${text}" is not a valid Kubernetes name.`, {
    state: 'Nothing was changed.',
    nextSteps: [
      ...lowerCased(text, LABEL.test.bind(LABEL)),
      `use at most ${APP_LENGTH} lower-case letters a-z, digits and "-", with a letter or digit at both ends`,
    ],
  })
}

/** Throws UsageError unless the text is NAMESPACE/NAME, each one that Kubernetes takes. */
export function checkGateway(text: string): { namespace: string; name: string } {
  const [namespace = '', name = '', ...more] = text.split('/')
  if (more.length === 0 && [namespace, name].every((part) => LABEL.test(part) && part.length <= 63))
    return { namespace, name }
  throw new UsageError(`--gateway is ${JSON.stringify(text)}, not NAMESPACE/NAME of a Gateway.`, {
    state: 'Nothing was changed.',
    nextSteps: ['kubectl get gateways -A    (lists them)'],
  })
}

/** Throws UsageError unless the text can be a version: see `isVersion`. */
export function checkVersion(text: string): string {
  refuseReserved('VERSION', text)
  if (isVersion(text)) return text
  throw new UsageError(`VERSION "${text}" is not a valid version.`, {
    state: 'Nothing was changed.',
    nextSteps: [...lowerCased(text, isVersion), `use ${VERSION_FORM}`],
  })
}

/** Names that every JavaScript object has, such as `constructor`: maps are keyed by app and version. */
function refuseReserved(argument: string, text: string): void {
  if (!(text in {})) return
  throw new UsageError(`${argument} "${text}" is a reserved name.`, {
    state: 'Nothing was changed.',
    nextSteps: ['choose another name'],
  })
}

function lowerCased(text: string, isName: (text: string) => boolean): string[] {
  const lower = text.toLowerCase()
  return lower !== text && isName(lower) ? [`did you mean "${lower}"?`] : []
}

/** Integer 0..100, `50%` included. Throws UsageError for anything else, `050` and `0.5` included. */
export function parsePercent(name: string, text: string): number {
  const [, digits] = PERCENT.exec(text) ?? []
  if (digits !== undefined) return Number(digits)
  throw new UsageError(`${name} "${text}" is not a whole number of percent from 0 to 100.`, {
    state: 'Nothing was changed.',
    nextSteps: ['give the percent of requests as an integer from 0 to 100'],
  })
}

const PERCENT = /^(0|[1-9]\d?|100)%?$/

/** Throws UsageError if APP and WEIGHT were swapped. */
export function refuseWeightFirst({ app, weight }: { app: string; weight: string }): void {
  if (!PERCENT.test(app) || PERCENT.test(weight) || !LABEL.test(weight)) return
  throw new UsageError(`WEIGHT "${weight}" is not a percentage, but APP "${app}" is: APP comes first.`, {
    state: 'Nothing was changed.',
    nextSteps: [commented(canaryCommand(['shift', weight, app]), 'did you mean this?')],
  })
}

/** Throws UsageError if APP of an install looks like a version and VERSION like an app. */
export function refuseVersionFirst({ app, version }: { app: string; version: string }): void {
  if (!looksLikeVersion(app) || looksLikeVersion(version) || !LABEL.test(version)) return
  throw new UsageError(`APP "${app}" looks like a version: APP comes first, then VERSION.`, {
    state: 'Nothing was changed.',
    nextSteps: [
      commented(canaryCommand(['install', version, app]), 'did you mean this?'),
      commented(canaryCommand(['install', app, version, '--yes']), `an app with the name ${app}`),
    ],
  })
}

/** The number given to --revision. Throws UsageError. */
export function parseRevision(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new UsageError(`--revision "${text}" is not a revision number.`, {
    state: 'Nothing was changed.',
    nextSteps: ['give a revision that helm history lists, such as --revision 3'],
  })
}
