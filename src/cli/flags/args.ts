import * as Args from '@oclif/core/args'
import { canaryCommand, commented } from '../../model/command-line.js'
import { UsageError } from '../../model/errors.js'
import { isVersion, looksLikeVersion, VERSION_FORM } from '../../rollout/stage/version.js'

// Arguments stay strings: a version may look like a number. None is ever taken from stdin, which oclif would
// do.

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
  throw new UsageError(`APP "${text}" can't be part of a Kubernetes name.`, {
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
    nextSteps: ['kubectl get gateways -A    (those that are there)'],
  })
}

/** Throws UsageError unless the text can be a version: see `isVersion`. */
export function checkVersion(text: string): string {
  refuseReserved('VERSION', text)
  if (isVersion(text)) return text
  throw new UsageError(`VERSION "${text}" can't be a version.`, {
    state: 'Nothing was changed.',
    nextSteps: [...lowerCased(text, isVersion), `use ${VERSION_FORM}`],
  })
}

/** Things are kept by these names, in objects that have some of them already. */
function refuseReserved(argument: string, text: string): void {
  if (!(text in {})) return
  throw new UsageError(`${argument} "${text}" is a name that canary can't keep things by.`, {
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

/** Throws UsageError where APP and WEIGHT were given the wrong way round. */
export function refuseWeightFirst({ app, weight }: { app: string; weight: string }): void {
  if (!PERCENT.test(app) || PERCENT.test(weight) || !LABEL.test(weight)) return
  throw new UsageError(`WEIGHT "${weight}" is no percentage, and APP "${app}" is one: APP comes first.`, {
    state: 'Nothing was changed.',
    nextSteps: [commented(canaryCommand(['shift', weight, app]), 'did you mean this?')],
  })
}

/** Throws UsageError for a new app with the name of a version, and a version with that of an app. */
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

/** The number of a revision, of --revision. Throws UsageError. */
export function parseRevision(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new UsageError(`--revision "${text}" is not the number of a revision.`, {
    state: 'Nothing was changed.',
    nextSteps: ['give a whole number as helm history lists them, as in: --revision 3'],
  })
}
