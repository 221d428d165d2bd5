import { createContext, Script } from 'node:vm'
import { UsageError } from '../model/errors.js'
import type { VersionRule } from '../model/verify-settings.js'
import type { ProbeRequest } from './verifier.js'

/** An HTTP answer as the prober read it. */
export interface HttpAnswer {
  status: number
  /** Names in lower case; several values of one name joined by `, `. */
  headers: Record<string, string>
  /** The first 64 KiB. */
  body: string
}

/** Reads the version out of an answer; undefined where it names none. */
export type Identify = (answer: HttpAnswer) => string | undefined

/** A match of a sane pattern takes microseconds. */
const MATCH_TIMEOUT_MS = 1000
const MAX_PATTERN = 1000

type AttributionRequest = Pick<ProbeRequest, 'app' | 'versionRule' | 'versionHeader' | 'versionHeaderIsProof'>

/**
 * How an answer names its version, in order: the rule of the values (`verify.version`: header, json, body), the
 * default image's body `version:<app>-<version>`, and the header with the version the proxy chose, where that is proof.
 *
 * @throws UsageError for a pattern or path that can't be used
 */
export function compileAttribution(request: AttributionRequest): Identify {
  const { header, json, body } = textsOf(request.versionRule ?? {})
  const readers: Identify[] = []
  if (header !== undefined) readers.push(readHeader(header))
  if (json !== undefined) readers.push(readJson(json))
  if (body !== undefined) readers.push(readPattern(compilePattern(body)))
  readers.push(readDefaultImage(request.app))
  if (request.versionHeader && request.versionHeaderIsProof) readers.push(readHeader(request.versionHeader))
  return (answer) => {
    for (const read of readers) {
      const version = read(answer)
      if (version !== undefined && version !== '') return shortened(version)
    }
    return undefined
  }
}

/** What to set so that answers name their version, one sentence. */
export function howToIdentify(request: AttributionRequest): string {
  const rule = 'set verify.version.header, verify.version.json or verify.version.body in the values'
  if (!request.versionHeader) return `${rule}, or routes.versionHeader`
  if (request.versionHeaderIsProof)
    return `${rule} (the answers have no ${request.versionHeader} header either)`
  return (
    `${rule} (${request.versionHeader} only tells what the proxy chose; it is proof with ` +
    'upstream.fallbackPolicy NO_FALLBACK, with a single version deployed, or when every version had ready pods throughout)'
  )
}

function readHeader(name: string): Identify {
  const key = name.toLowerCase()
  return ({ headers }) => headers[key]?.trim()
}

/** The rule as the values have it, which may be anything. */
function textsOf(rule: object): { [key in keyof VersionRule]: string } {
  for (const [key, value] of Object.entries(rule)) {
    if (typeof value === 'string') continue
    throw new UsageError(`verify.version.${key} is ${JSON.stringify(value)}, not a text.`, {
      nextSteps: ['correct it in the values: canary upgrade APP --set-string …'],
    })
  }
  return rule
}

/** No version is that long: names of Deployments are cut at 63. */
const MAX_VERSION = 100

function shortened(version: string): string {
  return version.length > MAX_VERSION ? `${version.slice(0, MAX_VERSION)}…` : version
}

/** Some patterns need time exponential in the text; a script of its own is the one way to break off a match. */
function readPattern(pattern: RegExp): Identify {
  const context = createContext({ pattern, body: '' })
  const match = new Script('pattern.exec(body)?.groups?.version')
  return ({ body }) => {
    context.body = body
    try {
      return match.runInContext(context, { timeout: MATCH_TIMEOUT_MS }) as string | undefined
    } catch (error) {
      const isSlow = (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
      const why = isSlow
        ? `takes more than ${MATCH_TIMEOUT_MS / 1000} s on an answer of ${body.length} characters`
        : `can't be matched: ${(error as Error).message}`
      throw new UsageError(`verify.version.body "${pattern.source}" ${why}.`, {
        nextSteps: ['write it without a repetition within a repetition, such as (a+)+'],
        cause: error,
      })
    }
  }
}

function readDefaultImage(app: string): Identify {
  const prefix = `version:${app}-`
  return ({ body }) => {
    if (!body.startsWith(prefix)) return undefined
    const version = body.slice(prefix.length).trimEnd()
    return /^\S+$/.test(version) ? version : undefined
  }
}

function compilePattern(source: string): RegExp {
  if (source.length > MAX_PATTERN) {
    throw new UsageError(`verify.version.body is longer than ${MAX_PATTERN} characters.`, {
      nextSteps: ['match a shorter part of the answer'],
    })
  }
  let pattern: RegExp
  try {
    pattern = new RegExp(source)
  } catch (error) {
    throw new UsageError(`verify.version.body is not a regular expression: ${(error as Error).message}`, {
      cause: error,
    })
  }
  // With an empty alternative the pattern matches anything, and the match lists the groups there are.
  const groups = new RegExp(`${source}|`).exec('')?.groups
  if (!groups || !Object.hasOwn(groups, 'version')) {
    throw new UsageError(`verify.version.body "${source}" has no group named "version".`, {
      nextSteps: ['Put the part that is the version in (?<version>…), e.g. "app (?<version>v[0-9]+)".'],
    })
  }
  return pattern
}

function readJson(path: string): Identify {
  const keys = parseJsonPath(path)
  return ({ body }) => {
    let value: unknown
    try {
      value = JSON.parse(body)
    } catch {
      return undefined
    }
    for (const key of keys) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
      value = (value as Record<string, unknown>)[key]
    }
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  }
}

/** `$.app.versions[0].name` → its keys. A subset of JSON path: member names and indices, the `$.` may be left out. */
function parseJsonPath(path: string): string[] {
  const steps = path.replace(/^\$\.?/, '')
  if (!/^(?:[^.[\]]+|\[\d+\])(?:\.[^.[\]]+|\[\d+\])*$/.test(steps)) {
    throw new UsageError(`verify.version.json "${path}" is not a path of names and indices.`, {
      nextSteps: ['Write it like $.version, $.app.version or $.versions[0].name.'],
    })
  }
  return [...steps.matchAll(/[^.[\]]+/g)].map(([key]) => key)
}
