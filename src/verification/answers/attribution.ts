import { UsageError } from '../../model/errors.js'
import type { VersionRule } from '../../model/verify/verify-settings.js'
import { compilePattern, matcher } from './pattern.js'
import type { ProbeRequest } from '../probing/verifier.js'

/** An HTTP answer as the prober read it. */
export interface HttpAnswer {
  status: number
  /** Names in lower case; several values of one name joined by `, `. */
  headers: Record<string, string>
  /** The first 64 KiB. */
  body: string
}

/** Reads the version from an answer; undefined if it names none. */
export type Identify = (answer: HttpAnswer) => string | undefined

/** One rule for reading the version from an answer. */
interface Reader {
  /** Where it looks, for people: `verify.version.header x-app`. */
  rule: string
  read: Identify
  /** Whether it proves which version answered. */
  isProof: boolean
}

/** What one rule read from an answer. */
export interface Reading {
  rule: string
  version?: string
  /** Whether this reading counts. */
  used: boolean
}

export type AttributionRequest = Pick<
  ProbeRequest,
  'app' | 'versionRule' | 'versionHeader' | 'versionHeaderIsProof'
>

/** The version that answered and the one the proxy chose, as far as the answer shows. */
export interface Attribution {
  version?: string
  chosen?: string
}

/**
 * How an answer names its version, in order: the rule of the values (`verify.version`: header, json, body), the default
 * image's body `version:<app>-<version>`, and the header with the version the proxy chose, if that is proof. If the
 * application names itself, the two have to agree.
 *
 * @throws UsageError for an invalid pattern or path
 */
export function compileAttribution(request: AttributionRequest): (answer: HttpAnswer) => Attribution {
  const readers = readersOf(request)
  const proof = readers.filter(({ isProof }) => isProof)
  const readChosen = request.versionHeader ? readHeader(request.versionHeader) : () => undefined
  return (answer) => ({ version: firstOf(proof, answer)?.version, chosen: version(readChosen(answer)) })
}

/** What each rule reads from an answer, in order. */
export function compileReadings(request: AttributionRequest): (answer: HttpAnswer) => Reading[] {
  const readers = readersOf(request)
  const proof = readers.filter(({ isProof }) => isProof)
  return (answer) => {
    const used = firstOf(proof, answer)?.reader
    return readers.map((reader) => ({
      rule: reader.rule,
      version: version(reader.read(answer)),
      used: reader === used,
    }))
  }
}

function readersOf(request: AttributionRequest): Reader[] {
  const { header, json, body } = textsOf(request.versionRule ?? {})
  const { versionHeader, versionHeaderIsProof } = request
  const own = (key: string, text: string, read: Identify): Reader => ({
    rule: `verify.version.${key} ${text}`,
    read,
    isProof: true,
  })
  return [
    ...(header === undefined ? [] : [own('header', header, readHeader(header))]),
    ...(json === undefined ? [] : [own('json', json, readJson(json))]),
    ...(body === undefined ? [] : [own('body', body, readPattern(body))]),
    { rule: "the default image's body", read: readDefaultImage(request.app), isProof: true },
    ...(versionHeader
      ? [
          {
            rule: `${versionHeader} (the version that the proxy chose${versionHeaderIsProof ? '' : ', no proof of who answered'})`,
            read: readHeader(versionHeader),
            isProof: versionHeaderIsProof,
          },
        ]
      : []),
  ]
}

function firstOf(readers: Reader[], answer: HttpAnswer): { reader: Reader; version: string } | undefined {
  for (const reader of readers) {
    const found = version(reader.read(answer))
    if (found !== undefined) return { reader, version: found }
  }
  return undefined
}

/** The setting that would make answers like this one name their version, a clause. */
export function howToIdentify(
  request: AttributionRequest,
  looks?: { headers?: Record<string, string>; body?: string },
): string {
  const rule = 'set verify.version.header, verify.version.json or verify.version.body in the values'
  if (request.versionRule?.json !== undefined && looks && !isJson(looks.body ?? '')) {
    const type = looks.headers?.['content-type']
    return `the answers are not JSON${type ? ` (${type})` : ''}, so verify.version.json cannot be read from them: ${rule}`
  }
  if (!request.versionHeader) return `${rule}, or routes.versionHeader`
  if (request.versionHeaderIsProof)
    return `${rule} (the answers have no ${request.versionHeader} header either)`
  return (
    `${rule} (${request.versionHeader} only names the version chosen by the proxy; it is proof with ` +
    'a gateway that never falls back to another version, with a single version deployed, or when every version had ready pods throughout, and no pods of others get its requests)'
  )
}

/** Whether a text starts like JSON: a sample may be truncated. */
function isJson(text: string): boolean {
  return /^\s*[[{"\d-]|^\s*(true|false|null)/.test(text)
}

function readHeader(name: string): Identify {
  const key = name.toLowerCase()
  return ({ headers }) => headers[key]?.trim()
}

/** The rule from the values, whose types are unchecked. */
function textsOf(rule: object): { [key in keyof VersionRule]: string } {
  for (const [key, value] of Object.entries(rule)) {
    if (typeof value === 'string') continue
    throw new UsageError(`verify.version.${key} is ${JSON.stringify(value)}, not a text.`, {
      nextSteps: ['correct it in the values: canary upgrade APP --set-string …'],
    })
  }
  return rule
}

/** Longer than any version: names of Deployments have at most 63 characters. */
const MAX_VERSION = 100

function version(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  return text.length > MAX_VERSION ? `${text.slice(0, MAX_VERSION)}…` : text
}

const PATTERN_PLACE = 'verify.version.body'

function readPattern(source: string): Identify {
  const pattern = compilePattern(source, PATTERN_PLACE)
  // With an empty alternative the pattern always matches, and the match lists its groups.
  const groups = new RegExp(`${source}|`).exec('')?.groups
  if (!groups || !Object.hasOwn(groups, 'version')) {
    throw new UsageError(`${PATTERN_PLACE} "${source}" has no group named "version".`, {
      nextSteps: ['Put the part that is the version in (?<version>…), e.g. "app (?<version>v[0-9]+)".'],
    })
  }
  const match = matcher(pattern, PATTERN_PLACE)
  return ({ body }) => match(body)?.groups?.version
}

function readDefaultImage(app: string): Identify {
  const prefix = `version:${app}-`
  return ({ body }) => {
    if (!body.startsWith(prefix)) return undefined
    const version = body.slice(prefix.length).trimEnd()
    return /^\S+$/.test(version) ? version : undefined
  }
}

function readJson(path: string): Identify {
  const keys = parseJsonPath(path)
  return ({ body }) => {
    try {
      const value = valueAt(JSON.parse(body), keys)
      if (typeof value === 'string') return value
      if (typeof value !== 'number') return undefined
      // Keep numbers as text: 1.10 is not 1.1.
      return valueAt(JSON.parse(body.replace(STRING_OR_NUMBER, quoteNumber)), keys) as string
    } catch {
      return undefined
    }
  }
}

function valueAt(document: unknown, keys: string[]): unknown {
  let value = document
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g

function quoteNumber(token: string): string {
  return token.startsWith('"') ? token : `"${token}"`
}

/** `$.app.versions[0].name` → its keys. A subset of JSON path: member names and indices; `$.` is optional. */
function parseJsonPath(path: string): string[] {
  const steps = path.replace(/^\$\.?/, '')
  if (!/^(?:[^.[\]]+|\[\d+\])(?:\.[^.[\]]+|\[\d+\])*$/.test(steps)) {
    throw new UsageError(`verify.version.json "${path}" is not a path of names and indices.`, {
      nextSteps: ['Write it like $.version, $.app.version or $.versions[0].name.'],
    })
  }
  return [...steps.matchAll(/[^.[\]]+/g)].map(([key]) => key)
}
