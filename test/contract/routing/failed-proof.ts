import type { OpenCluster } from '../../../src/cluster/open.js'
import type { StageProof } from '../../../src/model/verify/expectation.js'
import type { Cause } from '../../../src/model/results/diagnosis.js'
import type { OperationContext } from '../../../src/operations/context.js'
import { causesOf } from '../../../src/operations/verification/diagnosis.js'
import { openRouting } from '../../../src/routing/select.js'
import { errorCounts } from '../../support/answer-errors.js'

/** What is found around echo after a proof of the header stage in which no answer came through the wanted routes. */
export async function causesOfFailure(cluster: OpenCluster): Promise<Cause[]> {
  const [history] = await cluster.findReleases('echo', 'echo')
  const routing = openRouting(cluster.kube)
  const context = { cluster, routing, emit: () => undefined } as unknown as OperationContext
  return causesOf(context, {
    app: 'echo',
    namespace: 'echo',
    revision: history!.deployed!,
    proof: PROOF,
  })
}

const PROOF: StageProof = {
  verdict: 'fail',
  url: 'http://proxy',
  convergence: 'fingerprint',
  checks: [
    {
      expectation: {
        kind: 'canary',
        paths: ['/echo'],
        headers: { stage: 'canary' },
        primary: 'v1',
        canary: 'v2',
        share: 1,
      },
      verdict: 'fail',
      sent: 10,
      byVersion: {},
      unidentified: 0,
      errors: errorCounts({ 'foreign routes': 10 }),
      interval: [0, 1],
      tolerance: 0.01,
      alpha: 0.01,
      reason: '',
      perPath: {},
      perProxy: {},
      restarts: 0,
      discarded: 0,
      elapsedMs: 1,
      samples: [],
    },
  ],
}
