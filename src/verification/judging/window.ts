import type { AnswerSample, CheckResult, Counts, Expectation } from '../../model/verify/expectation.js'
import type { Observation } from '../answers/classify.js'
import { LatencyHistogram } from '../statistics/latency-histogram.js'
import { Connections, Runs } from '../answers/stickiness.js'
import { addTo, countsOf, emptyTally, type Tally } from './tally.js'

const MAX_SAMPLES = 5

/** One probe whose answer is in, and the answers to all probes issued before it. */
export interface CommittedProbe {
  issuedAt: number
  observation: Observation
  path: string
  /** Name of the proxy; empty for the shared address. */
  proxy: string
  connection: number
  /** Time to the answer, milliseconds; undefined without one. */
  elapsedMs?: number
  /** Whether a cache gave the answer, and whether the proxy retried. */
  cached: boolean
  retried: boolean
  /** What an answer not of the wanted routes looked like, in a few words. */
  looks?: string
  /** Evidence, if it contradicts the expectation. */
  sample?: AnswerSample
}

/** The answers of one path, or through one proxy. */
export interface Stratum {
  name: string
  of: 'path' | 'proxy'
  tally: Tally
}

/** One count: the answers to the probes of one check since its start, pooled, by path and by proxy. */
export class Window {
  readonly tally = emptyTally()
  /** First answers that contradict the expectation. */
  readonly samples: AnswerSample[] = []
  /** Whether the pooled answers once sufficed for a pass, which later answers do not revoke. */
  hasPassed = false
  /** When the first of its probes was issued, milliseconds. */
  firstIssuedAt?: number
  private readonly strata: Stratum[]
  private readonly latency = new LatencyHistogram()
  private readonly runs = new Runs()
  private readonly connections = new Connections()
  private cached = 0
  private retried = 0

  /** @param proxies their names; a single empty name for the shared address */
  constructor(
    private readonly expectation: Expectation,
    proxies: string[],
  ) {
    const strata = (of: Stratum['of'], names: string[]) =>
      names.length > 1 ? names.map((name) => ({ name, of, tally: emptyTally() })) : []
    this.strata = [...strata('path', expectation.paths), ...strata('proxy', proxies)]
  }

  get sent(): number {
    return this.tally.sent
  }

  add(probe: CommittedProbe): void {
    const { expectation, strata } = this
    const { observation, sample, elapsedMs } = probe
    this.firstIssuedAt ??= probe.issuedAt
    if (sample && this.samples.length < MAX_SAMPLES) this.samples.push(sample)
    addTo(this.tally, expectation, observation)
    for (const { tally } of strata.length > 0 ? this.strataOf(probe) : [])
      addTo(tally, expectation, observation)
    if (elapsedMs !== undefined) this.latency.add(elapsedMs)
    if (probe.cached) this.cached += 1
    if (probe.retried) this.retried += 1
    if (observation.type === 'version' && expectation.share > 0 && expectation.share < 1) {
      const isCanary = observation.version === expectation.canary
      this.runs.add(isCanary)
      this.connections.add(probe.connection, isCanary)
    }
  }

  /** The single paths and proxies, if there are several. */
  get parts(): readonly Stratum[] {
    return this.strata
  }

  strataOf({ path, proxy }: Pick<CommittedProbe, 'path' | 'proxy'>): Stratum[] {
    return this.strata.filter(({ name, of }) => name === (of === 'path' ? path : proxy))
  }

  /** The counts for a result. */
  evidence(): Counts &
    Pick<
      CheckResult,
      'perPath' | 'perProxy' | 'latency' | 'runsZ' | 'connectionsZ' | 'cached' | 'retried' | 'samples'
    > {
    const latency = this.latency.quantiles()
    const runsZ = this.runs.z()
    const connectionsZ = this.connections.z()
    return {
      ...countsOf(this.tally),
      perPath: this.countsBy('path'),
      perProxy: this.countsBy('proxy'),
      ...(latency ? { latency } : {}),
      ...(runsZ === undefined ? {} : { runsZ }),
      ...(connectionsZ === undefined ? {} : { connectionsZ }),
      ...(this.cached > 0 ? { cached: this.cached } : {}),
      ...(this.retried > 0 ? { retried: this.retried } : {}),
      samples: this.samples,
    }
  }

  /** The same for answers that are not judged. */
  unjudged(): CheckResult['unjudged'] {
    return { ...countsOf(this.tally), samples: this.samples }
  }

  private countsBy(wanted: Stratum['of']): Record<string, Counts> {
    const own = this.strata.filter(({ of }) => of === wanted)
    return Object.fromEntries(own.map(({ name, tally }) => [name, countsOf(tally)]))
  }
}
