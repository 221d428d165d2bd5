import type { AnalysisGate } from '../../model/results/analysis.js'
import type { MetricGate } from '../../model/verify/verify-settings.js'

/** The part of the HTTP API's answer that is read. */
export interface QueryAnswer {
  status?: string
  data?: { resultType?: string; result?: unknown }
  warnings?: string[]
  errorType?: string
  error?: string
}

/** Series named in a message about too many. */
const NAMED = 3

/** One entry of a vector; a native histogram has no `value`. */
interface Sample {
  metric: Record<string, string>
  value?: [number, string]
}

/** Judges the single number of an answer by the gate's bounds, both inclusive. */
export function judgeMetric(
  gate: MetricGate,
  { data, warnings = [] }: QueryAnswer,
): Pick<AnalysisGate, 'verdict' | 'reason'> {
  const found = numberIn(data)
  if (typeof found === 'string') return { verdict: 'inconclusive', reason: found }
  const { min = -Infinity, max = Infinity } = gate
  const warned = warnings.length > 0 ? ` (Prometheus warns: ${warnings.join('; ')})` : ''
  const reason = `${shown(found)}, ${bounds(gate)}${warned}`
  if (Number.isNaN(found)) return { verdict: 'inconclusive', reason: `${reason}: not a number (0 / 0)` }
  if (found < min || found > max) return { verdict: 'fail', reason }
  if (!Number.isFinite(found)) return { verdict: 'inconclusive', reason: `${reason}: divided by zero` }
  return { verdict: 'pass', reason }
}

/** The number, or why there is not exactly one. */
function numberIn(data: QueryAnswer['data']): number | string {
  const result = data?.result
  if (data?.resultType === 'scalar' && Array.isArray(result)) return numberOf(String(result[1]))
  if (data?.resultType !== 'vector' || !Array.isArray(result))
    return `the query gives ${data?.resultType ? `a ${data.resultType}` : 'nothing'}, not one number`
  const samples = result as Sample[]
  const [only] = samples
  if (only === undefined) return 'no data: nothing matches, or too few scrapes lie in the window'
  if (samples.length > 1) {
    const names = samples.slice(0, NAMED).map(({ metric }) => seriesName(metric))
    const more = samples.length > NAMED ? ' and others' : ''
    return `${samples.length} series instead of one (${names.join(', ')}${more}): aggregate them, e.g. with sum`
  }
  return only.value ? numberOf(only.value[1]) : 'the query gives a histogram, not one number'
}

/** Prometheus writes `+Inf`, `-Inf` and `NaN`, which JSON lacks. */
function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'))
}

function shown(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(10))) : String(value)
}

function bounds({ min, max }: MetricGate): string {
  if (min === undefined) return `at most ${max} is fine`
  return max === undefined ? `at least ${min} is fine` : `${min} to ${max} is fine`
}

/** `http_requests_total{app="echo",code="200"}`. */
function seriesName({ __name__: name = '', ...labels }: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`)
  return `${name}{${pairs.join(',')}}`
}
