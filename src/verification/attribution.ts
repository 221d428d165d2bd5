import { UsageError } from '../model/errors.js'
import type { ProofRequest } from './verifier.js'

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

type AttributionRequest = Pick<ProofRequest, 'app' | 'versionRule' | 'versionHeader' | 'versionHeaderIsProof'>

/**
 * How an answer names its version, in order: the rule of the values (`verify.version`: header, json, body), the
 * default image's body `version:<app>-<version>`, and the header with the version the proxy chose, where that is proof.
 *
 * @throws UsageError for a pattern or path that can't be used
 */
export function compileAttribution(request: AttributionRequest): Identify {
  const { header, json, body } = request.versionRule ?? {}
  const readers: Identify[] = []
  if (header !== undefined) readers.push(readHeader(header))
  if (json !== undefined) readers.push(readJson(json))
  if (body !== undefined) readers.push(readPattern(compilePattern(body)))
  readers.push(readDefaultImage(request.app))
  if (request.versionHeader && request.versionHeaderIsProof) readers.push(readHeader(request.versionHeader))
  return (answer) => {
    for (const read of readers) {
      const version = read(answer)
      if (version !== undefined && version !== '') return version
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

function readPattern(pattern: RegExp): Identify {
  return ({ body }) => pattern.exec(body)?.groups?.version
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
