import type { CanaryEvent } from '../../../src/model/events/events.js'
import type { Verdict } from '../../../src/model/verify/expectation.js'
import type { JsonObject } from '../../../src/model/values.js'
import type { OperationContext } from '../../../src/operations/context.js'
import { ModelCluster } from './cluster.js'
import { TestClock } from '../test-clock.js'
import { ModelRouting } from './routing.js'
import { ModelVerifier } from './verifier.js'

export interface Modelled {
  cluster: ModelCluster
  routing: ModelRouting
  verifier: ModelVerifier
  events: CanaryEvent[]
  context: OperationContext
  abort: AbortController
}

/** An operation's surroundings on a model; where values are given, a release with them is deployed already. */
export function modelled(
  config?: JsonObject,
  options: { verdicts?: Verdict[]; context?: Partial<OperationContext>; cluster?: ModelCluster } = {},
): Modelled {
  const { cluster = new ModelCluster() } = options
  if (config) cluster.add(config, 'deployed')
  const routing = new ModelRouting(cluster)
  const verifier = new ModelVerifier(cluster)
  verifier.verdicts = options.verdicts ?? []
  const events: CanaryEvent[] = []
  const abort = new AbortController()
  const context: OperationContext = {
    cluster,
    routing,
    verifier,
    clock: new TestClock(),
    emit: (event) => events.push(event),
    signal: abort.signal,
    probes: {
      headers: {},
      rate: 250,
      timeoutMs: 60_000,
      userAgent: 'canary/test',
      setVerify: [],
      defaultVerify: [],
      allow: { env: [], methods: [], paths: [], hosts: [] },
      connection: { resolve: {}, tls: {} },
      env: () => undefined,
    },
    podTimeoutMs: 1000,
    dryRun: false,
    operator: 'ann@host',
    again: 'canary COMMAND',
    recover: false,
    takeOver: false,
    allowOverlap: false,
    waitForLockMs: 0,
    onFailure: 'stop',
    ...options.context,
  }
  return { cluster, routing, verifier, events, context, abort }
}
