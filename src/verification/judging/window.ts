import type { AnswerSample, CheckResult, Counts, Expectation } from '../../model/expectation.js'
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
  /** Name of the proxy; empty where all are asked by one address. */
  proxy: string
  connection: number
  /** Until the answer was there, milliseconds; undefined where none came. */
  elapsedMs?: number
  /** Whether the answer says that a cache gave it, or that the proxy asked more than once. */
  cached: boolean
  retried: boolean
  /** What an answer not of the wanted routes looked like, in few words. */
  looks?: string
  /** Its evidence, where it contradicts the expectation. */
  sample?: AnswerSample
}

/** The answers of one path, or through one proxy. */
export interface Stratum {
  name: string
  of: 'path' | 'proxy'
  tally: Tally
}

/** One count: the answers to the probes of one check since it was begun, pooled, and by path and by proxy. */
export class Window {
  readonly tally = emptyTally()
  /** First answers that contradict the expectation. */
  readonly samples: AnswerSample[] = []
  /** Whether its pooled answers have once been enough for a pass, which holds whatever comes after. */
  hasPassed = false
  /** When the first of its probes was issued, milliseconds. */
  firstIssuedAt?: number
  private readonly strata: Stratum[]
  private readonly latency = new LatencyHistogram()
  private readonly runs = new Runs()
  private readonly connections = new Connections()
  private cached = 0
  private retried = 0

  /** @param proxies their names; one, empty, where all are asked by one address */
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

  /** The paths and proxies that there are several of. */
  get parts(): readonly Stratum[] {
    return this.strata
  }

  strataOf({ path, proxy }: Pick<CommittedProbe, 'path' | 'proxy'>): Stratum[] {
    return this.strata.filter(({ name, of }) => name === (of === 'path' ? path : proxy))
  }

  /** What a result says of it. */
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

  /** The same of answers that are not held against the expectation. */
  unjudged(): CheckResult['unjudged'] {
    return { ...countsOf(this.tally), samples: this.samples }
  }

  private countsBy(wanted: Stratum['of']): Record<string, Counts> {
    const own = this.strata.filter(({ of }) => of === wanted)
    return Object.fromEntries(own.map(({ name, tally }) => [name, countsOf(tally)]))
  }
}
