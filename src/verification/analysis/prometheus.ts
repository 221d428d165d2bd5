import { Agent, type Dispatcher } from 'undici'
import { UsageError } from '../../model/errors.js'
import type { AnalysisGate } from '../../model/results/analysis.js'
import type { MetricGate } from '../../model/verify/verify-settings.js'
import type { MetricsRequest } from '../probing/verifier.js'
import { judgeMetric, type QueryAnswer } from './judge-metric.js'
import { fillQuery } from './metric-query.js'

/** One number is expected; a larger answer has thousands of series. */
const MAX_ANSWER_BYTES = 1024 * 1024

/** A whole HTTP answer. */
interface Answer {
  status: number
  text: string
}

/**
 * Queries Prometheus (or a compatible API) for each gate's current value, in parallel. A value out of bounds fails; no
 * value, several, or no answer is inconclusive, with the reason. Rejects with the signal's reason on abort.
 *
 * @throws UsageError for a query that Prometheus cannot parse or with an unknown variable
 */
export async function evaluateMetrics(
  { url, gates, variables, timeoutMs }: MetricsRequest,
  signal?: AbortSignal,
): Promise<AnalysisGate[]> {
  const queries = gates.map((gate) => ({ gate, query: fillQuery(gate.query, variables) }))
  const agent = new Agent({ connect: { timeout: timeoutMs } })
  const prometheus = new Prometheus(url, agent, timeoutMs, signal)
  try {
    return await Promise.all(queries.map(({ gate, query }) => evaluate(prometheus, gate, query)))
  } finally {
    await agent.destroy()
  }
}

async function evaluate(prometheus: Prometheus, gate: MetricGate, query: string): Promise<AnalysisGate> {
  const { name } = gate
  const inconclusive = (reason: string): AnalysisGate => ({ name, verdict: 'inconclusive', reason })
  let answer: Answer
  try {
    answer = await prometheus.query(query)
  } catch (error) {
    prometheus.throwIfAborted()
    return inconclusive(`${prometheus.address} did not answer: ${whatFailed(error)}`)
  }
  const content = parsed(answer.text)
  if (answer.status === 400 && content?.errorType === 'bad_data')
    throw new UsageError(`verify.metrics "${name}": Prometheus cannot read the query: ${content.error}.`, {
      details: [query],
      nextSteps: ['Correct the query; try it in the web page of Prometheus.'],
    })
  if (content?.status === 'success') return { name, ...judgeMetric(gate, content) }
  if (content?.error !== undefined) return inconclusive(`Prometheus returned an error: ${content.error}`)
  return inconclusive(
    `${prometheus.address} answered http ${answer.status}, not as Prometheus does: is that its base URL?`,
  )
}

function parsed(text: string): QueryAnswer | undefined {
  try {
    const content: unknown = JSON.parse(text)
    return typeof content === 'object' && content !== null ? content : undefined
  } catch {
    return undefined
  }
}

/** One server's HTTP API. */
class Prometheus {
  /** The URL without credentials. */
  readonly address: string
  private readonly target: URL
  private readonly authorization: Record<string, string>

  constructor(
    url: string,
    private readonly agent: Agent,
    private readonly timeoutMs: number,
    private readonly signal?: AbortSignal,
  ) {
    this.target = new URL(`${url.replace(/\/+$/, '')}/api/v1/query`)
    const { username, password } = this.target
    const credentials = Buffer.from(`${unescaped(username)}:${unescaped(password)}`)
    this.authorization = username === '' ? {} : { authorization: `Basic ${credentials.toString('base64')}` }
    this.target.username = ''
    this.target.password = ''
    this.address = this.target.href.slice(0, -'/api/v1/query'.length)
  }

  throwIfAborted(): void {
    this.signal?.throwIfAborted()
  }

  /** The current value of a query. Retries once if the connection broke: it may have been a stale one. */
  async query(query: string): Promise<Answer> {
    const late = AbortSignal.timeout(this.timeoutMs)
    const signal = this.signal ? AbortSignal.any([this.signal, late]) : late
    try {
      return await this.send(query, signal)
    } catch (error) {
      if (late.aborted) throw new Error(`nothing within ${this.timeoutMs / 1000} s`, { cause: error })
      if (signal.aborted || (error as NodeJS.ErrnoException).code === undefined) throw error
      return await this.send(query, signal)
    }
  }

  private async send(query: string, signal: AbortSignal): Promise<Answer> {
    const { statusCode, body }: Dispatcher.ResponseData = await this.agent.request({
      origin: this.target.origin,
      path: this.target.pathname,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...this.authorization },
      body: new URLSearchParams({ query, timeout: `${this.timeoutMs}ms` }).toString(),
      signal,
    })
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > MAX_ANSWER_BYTES) throw new Error('with more than one number, 1 MiB and more')
    }
    return { status: statusCode, text: Buffer.concat(chunks).toString('utf8') }
  }
}

/** Percent-decodes a part of a URL; leaves an invalid escape as it is. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function whatFailed(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException
  return message === '' ? (code ?? 'the connection broke') : message
}
