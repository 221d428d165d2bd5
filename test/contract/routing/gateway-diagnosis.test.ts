import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type OpenCluster, openCluster } from '../../../src/cluster/open.js'
import { ROUTING_RESOURCES } from '../../../src/routing/select.js'
import type { Fault } from '../../../src/sandbox/faults.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../../support/sandbox-cli.js'
import { causesOfFailure } from './failed-proof.js'

let cli: SandboxCli
let cluster: OpenCluster
const before = { ...process.env }

beforeAll(async () => {
  cli = await startSandboxCli(4, { ...QUICK, seed: 5 })
  Object.assign(process.env, cli.env)
  cluster = openCluster({}, ROUTING_RESOURCES)
  for (const args of [
    ['install', 'echo', 'v1', '--gateway', 'gateways/public'],
    ['start', 'echo', 'v2'],
  ])
    expect(await cli.canary(args)).toMatchObject({ exitCode: 0 })
})
afterAll(async () => {
  await cluster.close()
  await cli.close()
  process.env = before
})

test.each<[id: string, fault: Fault]>([
  ['missing-gateway', { kind: 'missing-gateway' }],
  ['missing-listener', { kind: 'wrong-section', app: 'echo' }],
  ['listener-closed', { kind: 'listener-closed' }],
  ['hostnames-apart', { kind: 'hostnames-apart', app: 'echo' }],
  ['rival-route', { kind: 'rival-route', app: 'echo' }],
  ['reference-grant-missing', { kind: 'missing-grant', app: 'echo' }],
  ['service-missing', { kind: 'missing-service', app: 'echo', version: 'v2' }],
  ['service-port', { kind: 'wrong-backend-port', app: 'echo' }],
  ['service-selects-nobody', { kind: 'no-endpoints', app: 'echo', version: 'v2' }],
  ['bad-regex', { kind: 'bad-regex', app: 'echo' }],
  ['mirror-to-nowhere', { kind: 'mirror-to-nowhere', app: 'echo' }],
  ['neighbour-froze-listener', { kind: 'neighbour-weights' }],
  ['gateway-class-not-accepted', { kind: 'no-controller' }],
  ['listener-refused', { kind: 'port-taken' }],
  ['gateway-not-programmed', { kind: 'gateway-without-address' }],
  ['gateway-api-release', { kind: 'gateway-crds', release: '1.0' }],
])('what is wrong in the cluster is named: %s', async (id, fault) => {
  const { id: added } = cli.sandbox.faults.add(fault)
  try {
    await vi.waitFor(
      async () => expect((await causesOfFailure(cluster)).map((cause) => cause.id)).toContain(id),
      { timeout: 20_000, interval: 100 },
    )
  } finally {
    cli.sandbox.faults.remove(added)
  }
})

test('nothing is named that is not wrong', async () => {
  await vi.waitFor(
    async () => expect((await causesOfFailure(cluster)).map(({ id }) => id)).toEqual(['old-routes']),
    { timeout: 20_000, interval: 200 },
  )
})
