import { commented } from '../../model/command-line.js'
import { UsageError } from '../../model/errors.js'
import { shellWord } from '../../lib/shell-word.js'
import type { JsonObject } from '../../model/values.js'
import type { Allowance, VerifySettings } from '../../model/verify/verify-settings.js'
import { isObject } from '../../rollout/values/merge.js'
import { isBelow, isOwnPath, isPlainPath, ownPathsText } from '../../rollout/values/own-paths.js'
import { probePaths } from '../../rollout/values/probe-paths.js'
import { matcher } from '../../verification/answers/pattern.js'

/** Methods that change nothing: values may request them. */
const HARMLESS_METHODS = ['GET', 'HEAD']

/** The values that request something, and what the caller allows. */
export interface Asked {
  app: string
  /** The app's effective values: anyone with write access to the release can set these. */
  values: JsonObject
  /** The `verify:` keys that the caller set with `--set-verify`. */
  callers: JsonObject
  allow: Allowance
}

/** Throws UsageError unless the caller lets values read this environment variable. */
export function requireVariable(name: string, place: string, { callers, allow }: Asked): void {
  const key = place.replace('verify.request.headers.', '')
  if (mapIn(mapIn(callers, 'request'), 'headers')[key] === `env:${name}` || allow.env.includes(name)) return
  throw refused(
    `${place}: the values may not read ${shown(name)} of your environment`,
    /^\w+$/.test(name)
      ? commented(`--allow-env ${name}`, 'allows it; also CANARY_ALLOW_ENV')
      : 'correct the values',
  )
}

/**
 * Throws UsageError, naming the place in the values, for a method other than GET and HEAD or a path outside the app's
 * matches, unless the caller set or allows it. (Probes cannot set a Host header.)
 */
export function requireOwnProbes({ probe, paths }: VerifySettings, asked: Asked): void {
  const { callers, allow, values, app } = asked
  const { method } = probe
  const { method: said } = mapIn(callers, 'request')
  const isCallers = typeof said === 'string' && said.toUpperCase() === method
  if (!isCallers && ![...HARMLESS_METHODS, ...allow.methods].includes(method)) {
    throw refused(
      `verify.request.method: the values may have ${HARMLESS_METHODS.join(' and ')} sent, not ${method}`,
      allowing(method),
    )
  }
  const callersPaths = Array.isArray(callers.paths) ? callers.paths : []
  const named = paths?.map((path, index) => [path, `verify.paths[${index}]`] as const)
  const matched = probePaths(values, method)?.map((path) => [path, 'routes.matches'] as const)
  for (const [path, place] of named ?? matched ?? []) {
    if (callersPaths.includes(path) || isAllowedPath(path, place, asked)) continue
    throw refused(
      `${place}: ${shown(path)} is not a path of ${app}, which answers to ${shown(ownPathsText(app, values))}`,
      allowing(path),
    )
  }
}

/** Throws UsageError if the values name a Prometheus that the caller does not allow. */
export function requireOwnMetrics({ prometheus, metrics }: VerifySettings, { callers, allow }: Asked): void {
  if (prometheus === undefined || metrics.length === 0 || callers.prometheus !== undefined) return
  const { host, protocol } = new URL(prometheus)
  if (allow.hosts.includes(host)) return
  throw refused(
    `verify.prometheus: the values may not have ${shown(`${protocol}//${host}`)} queried`,
    allowing(`${protocol}//${host}`),
  )
}

function isAllowedPath(path: string, place: string, { app, values, allow }: Asked): boolean {
  const [name = ''] = path.split('?', 1)
  const fits = (regex: string, text: string) => {
    try {
      return matcher(new RegExp(`^(?:${regex})$`), place)(text) !== null
    } catch {
      return false // RE2 syntax that JavaScript lacks, or a match that takes too long
    }
  }
  if (isOwnPath(name, { app, values, fits })) return true
  return allow.paths.some((allowed) => path === allowed || (isPlainPath(name) && isBelow(name, allowed)))
}

function mapIn(map: JsonObject, key: string): JsonObject {
  return isObject(map[key]) ? map[key] : {}
}

function allowing(what: string): string {
  return commented(`--allow-request ${shellWord(what)}`, 'allows it; also CANARY_ALLOW_REQUEST')
}

function refused(what: string, remedy: string): UsageError {
  return new UsageError(`${what}, unless you allow it.`, {
    state: 'No request was sent.',
    nextSteps: [remedy],
  })
}

/** A text from the values, shortened for a message. */
function shown(text: string): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}
