import { UsageError } from '../../model/errors.js'
import { headerProblem, isHeaderName } from '../../lib/http/headers.js'
import { pathProblem } from '../../lib/http/url-path.js'
import type { Json, JsonObject } from '../../model/values.js'
import {
  type AnswerAssertions,
  type AnalysisLimits,
  METRIC_VARIABLES,
  type MetricGate,
  type ProbeTemplate,
  type VerifySettings,
  type VersionRule,
} from '../../model/verification/verify-settings.js'
import { isObject } from './merge.js'

/** Defaults. */
const DEFAULT_STATUS: [number, number][] = [[200, 399]]
const DEFAULT_LIMITS: AnalysisLimits = {
  maxErrorRate: 0.05,
  relativeRisk: 3,
  latency: { shift: 0.2, minMs: 5 },
}
/** Methods that probes may have. */
export const PROBE_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const MAX_PATHS = 20
const MAX_METRICS = 20
/** The same limit as for patterns that name a version. */
const MAX_PATTERN = 1000

/**
 * Reads the `verify:` part of an app's values, which can be anything: unknown keys, wrong types and values out of range
 * are UsageErrors that name their place. Headers of the form `env:VAR` come from `env`, which gets the place in the
 * values and throws where the variable may not be read.
 */
export function readVerifyValues(verify: Json | undefined, env: ReadVariable): VerifySettings {
  return new Reader(env).read(verify)
}

type ReadVariable = (name: string, place: string) => string | undefined

class Reader {
  constructor(private readonly env: ReadVariable) {}

  read(verify: Json | undefined): VerifySettings {
    const { version, tolerance, paths, request, expect, analysis, prometheus, metrics } = this.object(
      verify,
      'verify',
      'version tolerance paths request expect analysis prometheus metrics',
    )
    const gates = this.metrics(metrics)
    const url = this.url(prometheus, 'verify.prometheus')
    if (gates.length > 0 && url === undefined)
      throw wrong('verify.metrics', 'there is no verify.prometheus to ask', 'give its URL there')
    return {
      version: this.version(version),
      tolerance: this.points(tolerance, 'verify.tolerance'),
      paths: this.paths(paths),
      probe: this.probe(request),
      assertions: this.assertions(expect),
      analysisLimits: this.limits(analysis),
      prometheus: url,
      metrics: gates,
    }
  }

  private version(value: Json | undefined): VersionRule | undefined {
    if (value === undefined) return undefined
    const rule = this.object(value, 'verify.version', 'header json body')
    const read: VersionRule = {}
    for (const key of ['header', 'json', 'body'] as const) {
      const text = this.text(rule[key], `verify.version.${key}`)
      if (text !== undefined) read[key] = text
    }
    return read
  }

  private points(value: Json | undefined, place: string): number | undefined {
    if (value === undefined) return undefined
    return this.number(value, place, [0.1, 50], 'points of a hundred') / 100
  }

  private paths(value: Json | undefined): string[] | undefined {
    if (value === undefined) return undefined
    const paths = this.list(value, 'verify.paths', MAX_PATHS).map((entry, index) => {
      const place = `verify.paths[${index}]`
      const path = this.text(entry, place) ?? ''
      const problem = pathProblem(path, 'probe')
      if (!problem) return path
      throw wrong(place, `${JSON.stringify(path)} ${problem.what}`, problem.remedy)
    })
    if (paths.length === 0) throw wrong('verify.paths', 'is empty', 'name a path, or leave it out')
    const twice = paths.find((path, index) => paths.indexOf(path) !== index)
    if (twice !== undefined) throw wrong('verify.paths', `lists ${twice} twice`, 'name each path once')
    return paths
  }

  private probe(value: Json | undefined): ProbeTemplate {
    const { method, headers, body } = this.object(value, 'verify.request', 'method headers body')
    const verb = (this.text(method, 'verify.request.method') ?? 'GET').toUpperCase()
    if (!PROBE_METHODS.includes(verb)) {
      throw wrong(
        'verify.request.method',
        `"${verb}" is not a method of probes`,
        `use one of ${PROBE_METHODS.join(', ')}`,
      )
    }
    const text = this.text(body, 'verify.request.body', { mayBeEmpty: true })
    if (text !== undefined && ['GET', 'HEAD'].includes(verb))
      throw wrong('verify.request.body', `a ${verb} request has no body`, 'set verify.request.method too')
    return { method: verb, headers: this.headers(headers), ...(text === undefined ? {} : { body: text }) }
  }

  private headers(value: Json | undefined): Record<string, string> {
    const place = 'verify.request.headers'
    const entries = Object.entries(this.object(value, place)).map(([name, given]): [string, string] => {
      const at = `${place}.${name}`
      const text = this.text(given, at, { mayBeEmpty: true }) ?? ''
      if (!text.startsWith('env:')) return [name, text]
      const variable = text.slice('env:'.length)
      const found = this.env(variable, at)
      if (found === undefined)
        throw wrong(at, `comes from the environment, but ${variable} is not set`, `export ${variable}=…`)
      return [name, found]
    })
    const problem = headerProblem(entries, 'probe')
    if (problem) throw wrong(`${place}.${problem.name}`, problem.what, problem.remedy)
    return Object.fromEntries(entries)
  }

  private assertions(value: Json | undefined): AnswerAssertions {
    const { status, body, headers, errorRate } = this.object(
      value,
      'verify.expect',
      'status body headers errorRate',
    )
    const place = 'verify.expect.headers'
    const patterns = Object.entries(this.object(headers, place)).map(([name, given]) => {
      requireHeaderName(name, place)
      return [name.toLowerCase(), this.pattern(given, `${place}.${name}`) ?? '']
    })
    const pattern = this.pattern(body, 'verify.expect.body')
    return {
      status: this.statuses(status),
      ...(pattern === undefined ? {} : { body: pattern }),
      headers: Object.fromEntries(patterns) as Record<string, string>,
      ...(errorRate === undefined
        ? {}
        : { errorRate: this.number(errorRate, 'verify.expect.errorRate', [0, 50], 'percent') / 100 }),
    }
  }

  /** `200`, `200-299`, `200-299,404`, or a list of those. */
  private statuses(value: Json | undefined): [number, number][] {
    if (value === undefined) return DEFAULT_STATUS
    const place = 'verify.expect.status'
    const entries = Array.isArray(value) ? value : [value]
    const texts = entries.flatMap((entry) => {
      if (typeof entry === 'number' || typeof entry === 'string') return String(entry).split(',')
      throw wrong(
        place,
        `${JSON.stringify(entry)} is not a status`,
        'write it like 200, 200-299 or [200, 404]',
      )
    })
    return texts.map((text): [number, number] => {
      const [, from, to = from] = /^\s*(\d{3})(?:-(\d{3}))?\s*$/.exec(text) ?? []
      const [low, high] = [Number(from), Number(to)]
      if (low >= 200 && high <= 599 && low <= high) return [low, high]
      throw wrong(
        place,
        `"${text}" is not a status or a range of them, from 200 to 599`,
        'write it like 200-299',
      )
    })
  }

  private limits(value: Json | undefined): AnalysisLimits {
    const place = 'verify.analysis'
    const { maxErrorRate, relativeRisk, latency } = this.object(
      value,
      place,
      'maxErrorRate relativeRisk latency',
    )
    const { shift, min } = this.object(latency, `${place}.latency`, 'shift min')
    const byDefault = DEFAULT_LIMITS
    const optional = (given: Json | undefined, key: string, range: [number, number], unit: string) =>
      given === undefined ? undefined : this.number(given, `${place}.${key}`, range, unit)
    return {
      maxErrorRate:
        (optional(maxErrorRate, 'maxErrorRate', [0.01, 99], 'percent') ?? byDefault.maxErrorRate * 100) / 100,
      relativeRisk: optional(relativeRisk, 'relativeRisk', [1.1, 1000], 'times') ?? byDefault.relativeRisk,
      latency: {
        shift:
          (optional(shift, 'latency.shift', [0, 1000], 'percent') ?? byDefault.latency.shift * 100) / 100,
        minMs: optional(min, 'latency.min', [0, 60_000], 'milliseconds') ?? byDefault.latency.minMs,
      },
    }
  }

  private metrics(value: Json | undefined): MetricGate[] {
    if (value === undefined) return []
    const names = new Set<string>()
    return this.list(value, 'verify.metrics', MAX_METRICS).map((entry, index) => {
      const place = `verify.metrics[${index}]`
      const { name, query, min, max } = this.object(entry, place, 'name query min max')
      const wanted = {
        name: this.text(name, `${place}.name`),
        query: this.text(query, `${place}.query`),
      }
      if (wanted.name === undefined || wanted.query === undefined)
        throw wrong(place, 'needs a name and a query', 'give both')
      if (names.has(wanted.name))
        throw wrong(place, `the name ${wanted.name} is already used`, 'choose another')
      names.add(wanted.name)
      requireVariables(wanted.query, `${place}.query`)
      const low = min === undefined ? undefined : this.number(min, `${place}.min`)
      const high = max === undefined ? undefined : this.number(max, `${place}.max`)
      if (low === undefined && high === undefined)
        throw wrong(place, 'has neither min nor max: any value would pass', 'give one of them')
      if (low !== undefined && high !== undefined && low > high)
        throw wrong(place, `min ${low} is more than max ${high}`, 'swap them')
      return {
        name: wanted.name,
        query: wanted.query,
        ...(low === undefined ? {} : { min: low }),
        ...(high === undefined ? {} : { max: high }),
      }
    })
  }

  /** `keys`: the known ones, separated by blanks; without them any key is valid. */
  private object(value: Json | undefined, place: string, keys?: string): JsonObject {
    if (value === undefined || value === null) return {}
    if (!isObject(value)) throw wrong(place, `${shown(value)} is not a map`, 'write keys and values below it')
    const known = keys?.split(' ')
    const unknown = Object.keys(value).find((key) => known && !known.includes(key))
    if (unknown === undefined) return value
    throw wrong(`${place}.${unknown}`, 'unknown key', `the keys of ${place} are ${known!.join(', ')}`)
  }

  private list(value: Json, place: string, most: number): Json[] {
    if (!Array.isArray(value)) throw wrong(place, `${shown(value)} is not a list`, 'write a list')
    if (value.length > most) throw wrong(place, `has ${value.length} entries`, `at most ${most} are allowed`)
    return value
  }

  private text(value: Json | undefined, place: string, { mayBeEmpty = false } = {}): string | undefined {
    if (value === undefined) return undefined
    if (typeof value !== 'string')
      throw wrong(place, `${shown(value)} is not a string`, 'quote it, or use --set-string instead of --set')
    if (value === '' && !mayBeEmpty) throw wrong(place, 'is empty', 'give a value, or leave it out')
    return value
  }

  private pattern(value: Json | undefined, place: string): string | undefined {
    const source = this.text(value, place)
    if (source === undefined) return undefined
    if (source.length > MAX_PATTERN)
      throw wrong(place, `is longer than ${MAX_PATTERN} characters`, 'match a shorter part')
    try {
      new RegExp(source)
    } catch (error) {
      throw wrong(place, `is not a regular expression: ${(error as Error).message}`, 'correct it')
    }
    return source
  }

  /** `--set` makes 2.5 a string. */
  private number(given: Json, place: string, range?: [number, number], unit = ''): number {
    const value = typeof given === 'string' && /^-?\d+(\.\d+)?$/.test(given) ? Number(given) : given
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw wrong(place, `${shown(value)} is not a number`, `give a number${unit ? ` (${unit})` : ''}`)
    if (range === undefined || (value >= range[0] && value <= range[1])) return value
    throw wrong(place, `${value} is out of range`, `give a number from ${range[0]} to ${range[1]} (${unit})`)
  }

  private url(value: Json | undefined, place: string): string | undefined {
    const text = this.text(value, place)
    if (text === undefined) return undefined
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url && /^https?:$/.test(url.protocol) && !url.search && !url.hash) return text.replace(/\/+$/, '')
    throw wrong(
      place,
      `${JSON.stringify(text)} is not an http or https URL`,
      'write it like http://prometheus:9090',
    )
  }
}

function requireHeaderName(name: string, place: string): void {
  if (isHeaderName(name)) return
  throw wrong(place, `${JSON.stringify(name)} is not a valid header name`, 'use letters, digits and dashes')
}

function requireVariables(query: string, place: string): void {
  const names = [...query.matchAll(/\{\{\s*([^{}\s]*)\s*\}\}/g)].map(([, name = '']) => name)
  const unknown = names.find((name) => !METRIC_VARIABLES.includes(name))
  if (unknown === undefined) return
  const known = METRIC_VARIABLES.map((name) => `{{${name}}}`).join(', ')
  throw wrong(place, `unknown variable {{${unknown}}}`, `use one of ${known}`)
}

function shown(value: Json): string {
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

function wrong(place: string, what: string, remedy: string): UsageError {
  return new UsageError(`${place}: ${what}.`, {
    state: 'No probe was sent.',
    nextSteps: [
      `${remedy} (in the values: canary upgrade APP --set …; for one command: --set-verify KEY=VALUE)`,
    ],
  })
}
