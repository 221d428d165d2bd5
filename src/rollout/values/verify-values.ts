import { headerProblem, isHeaderName } from '../../lib/http/headers.js'
import { pathProblem } from '../../lib/http/url-path.js'
import type { Json } from '../../model/values.js'
import {
  type AnswerAssertions,
  type AnalysisLimits,
  METRIC_VARIABLES,
  type MetricGate,
  type ProbeTemplate,
  type VerifySettings,
  type VersionRule,
} from '../../model/verify/verify-settings.js'
import { listAt, mapAt, numberAt, patternAt, textAt, urlAt, wrong } from './verify-fields.js'

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

type ReadVariable = (name: string, place: string) => string | undefined

/**
 * Reads the `verify:` part of an app's values, which can be anything: unknown keys, wrong types and values out of range
 * are UsageErrors that name their place. Headers of the form `env:VAR` come from `env`, which gets the place in the
 * values and throws where the variable may not be read.
 */
export function readVerifyValues(verify: Json | undefined, env: ReadVariable): VerifySettings {
  const { version, tolerance, paths, request, expect, analysis, prometheus, metrics } = mapAt(
    verify,
    'verify',
    'version tolerance paths request expect analysis prometheus metrics',
  )
  const gates = metricsOf(metrics)
  const url = urlAt(prometheus, 'verify.prometheus')
  if (gates.length > 0 && url === undefined)
    throw wrong('verify.metrics', 'verify.prometheus is missing', 'set it to the URL of Prometheus')
  return {
    version: versionOf(version),
    tolerance: pointsOf(tolerance, 'verify.tolerance'),
    paths: pathsOf(paths),
    probe: probeOf(request, env),
    assertions: assertionsOf(expect),
    analysisLimits: limitsOf(analysis),
    prometheus: url,
    metrics: gates,
  }
}

function versionOf(value: Json | undefined): VersionRule | undefined {
  if (value === undefined) return undefined
  const rule = mapAt(value, 'verify.version', 'header json body')
  const read: VersionRule = {}
  for (const key of ['header', 'json', 'body'] as const) {
    const text = textAt(rule[key], `verify.version.${key}`)
    if (text !== undefined) read[key] = text
  }
  return read
}

function pointsOf(value: Json | undefined, place: string): number | undefined {
  if (value === undefined) return undefined
  return numberAt(value, place, [0.1, 50], 'percentage points') / 100
}

function pathsOf(value: Json | undefined): string[] | undefined {
  if (value === undefined) return undefined
  const paths = listAt(value, 'verify.paths', MAX_PATHS).map((entry, index) => {
    const place = `verify.paths[${index}]`
    const path = textAt(entry, place) ?? ''
    const problem = pathProblem(path, 'probe')
    if (!problem) return path
    throw wrong(place, `${JSON.stringify(path)} ${problem.what}`, problem.remedy)
  })
  if (paths.length === 0) throw wrong('verify.paths', 'is empty', 'name a path, or leave it out')
  const twice = paths.find((path, index) => paths.indexOf(path) !== index)
  if (twice !== undefined) throw wrong('verify.paths', `lists ${twice} twice`, 'name each path once')
  return paths
}

function probeOf(value: Json | undefined, env: ReadVariable): ProbeTemplate {
  const { method, headers, body } = mapAt(value, 'verify.request', 'method headers body')
  const verb = (textAt(method, 'verify.request.method') ?? 'GET').toUpperCase()
  if (!PROBE_METHODS.includes(verb)) {
    throw wrong(
      'verify.request.method',
      `"${verb}" is not a method of probes`,
      `use one of ${PROBE_METHODS.join(', ')}`,
    )
  }
  const text = textAt(body, 'verify.request.body', { mayBeEmpty: true })
  if (text !== undefined && ['GET', 'HEAD'].includes(verb))
    throw wrong('verify.request.body', `a ${verb} request has no body`, 'set verify.request.method too')
  return { method: verb, headers: headersOf(headers, env), ...(text === undefined ? {} : { body: text }) }
}

function headersOf(value: Json | undefined, env: ReadVariable): Record<string, string> {
  const place = 'verify.request.headers'
  const entries = Object.entries(mapAt(value, place)).map(([name, given]): [string, string] => {
    const at = `${place}.${name}`
    const text = textAt(given, at, { mayBeEmpty: true }) ?? ''
    if (!text.startsWith('env:')) return [name, text]
    const variable = text.slice('env:'.length)
    const found = env(variable, at)
    if (found === undefined)
      throw wrong(at, `comes from the environment, but ${variable} is not set`, `export ${variable}=…`)
    return [name, found]
  })
  const problem = headerProblem(entries, 'probe')
  if (problem) throw wrong(`${place}.${problem.name}`, problem.what, problem.remedy)
  return Object.fromEntries(entries)
}

function assertionsOf(value: Json | undefined): AnswerAssertions {
  const { status, body, headers, errorRate } = mapAt(value, 'verify.expect', 'status body headers errorRate')
  const place = 'verify.expect.headers'
  const patterns = Object.entries(mapAt(headers, place)).map(([name, given]) => {
    requireHeaderName(name, place)
    return [name.toLowerCase(), patternAt(given, `${place}.${name}`) ?? '']
  })
  const pattern = patternAt(body, 'verify.expect.body')
  return {
    status: statusesOf(status),
    ...(pattern === undefined ? {} : { body: pattern }),
    headers: Object.fromEntries(patterns) as Record<string, string>,
    ...(errorRate === undefined
      ? {}
      : { errorRate: numberAt(errorRate, 'verify.expect.errorRate', [0, 50], 'percent') / 100 }),
  }
}

/** `200`, `200-299`, `200-299,404`, or a list of those. */
function statusesOf(value: Json | undefined): [number, number][] {
  if (value === undefined) return DEFAULT_STATUS
  const place = 'verify.expect.status'
  const entries = Array.isArray(value) ? value : [value]
  const texts = entries.flatMap((entry) => {
    if (typeof entry === 'number' || typeof entry === 'string') return String(entry).split(',')
    throw wrong(place, `${JSON.stringify(entry)} is not a status`, 'write it like 200, 200-299 or [200, 404]')
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

function limitsOf(value: Json | undefined): AnalysisLimits {
  const place = 'verify.analysis'
  const { maxErrorRate, relativeRisk, latency } = mapAt(value, place, 'maxErrorRate relativeRisk latency')
  const { shift, min } = mapAt(latency, `${place}.latency`, 'shift min')
  const byDefault = DEFAULT_LIMITS
  const optional = (given: Json | undefined, key: string, range: [number, number], unit: string) =>
    given === undefined ? undefined : numberAt(given, `${place}.${key}`, range, unit)
  return {
    maxErrorRate:
      (optional(maxErrorRate, 'maxErrorRate', [0.01, 99], 'percent') ?? byDefault.maxErrorRate * 100) / 100,
    relativeRisk: optional(relativeRisk, 'relativeRisk', [1.1, 1000], 'times') ?? byDefault.relativeRisk,
    latency: {
      shift: (optional(shift, 'latency.shift', [0, 1000], 'percent') ?? byDefault.latency.shift * 100) / 100,
      minMs: optional(min, 'latency.min', [0, 60_000], 'milliseconds') ?? byDefault.latency.minMs,
    },
  }
}

function metricsOf(value: Json | undefined): MetricGate[] {
  if (value === undefined) return []
  const names = new Set<string>()
  return listAt(value, 'verify.metrics', MAX_METRICS).map((entry, index) => {
    const place = `verify.metrics[${index}]`
    const { name, query, min, max } = mapAt(entry, place, 'name query min max')
    const wanted = {
      name: textAt(name, `${place}.name`),
      query: textAt(query, `${place}.query`),
    }
    if (wanted.name === undefined || wanted.query === undefined)
      throw wrong(place, 'needs a name and a query', 'give both')
    if (names.has(wanted.name))
      throw wrong(place, `the name ${wanted.name} is already used`, 'choose another')
    names.add(wanted.name)
    requireVariables(wanted.query, `${place}.query`)
    const low = min === undefined ? undefined : numberAt(min, `${place}.min`)
    const high = max === undefined ? undefined : numberAt(max, `${place}.max`)
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
