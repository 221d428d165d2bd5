import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Fault } from '../../src/sandbox/faults.js'
import type { CommandOutcome } from '../../soak/canary-workers.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

let cli: SandboxCli
beforeAll(async () => {
  cli = await startSandboxCli(4, { ...QUICK, briefProofs: false, seed: 9 })
  for (const command of ['install echo v1 --with-virtual-service', 'start echo v2', 'shift echo 50'])
    expect(await canary(...command.split(' '))).toMatchObject({ exitCode: 0 })
})
afterAll(() => cli.close())
afterEach(async () => {
  cli.sandbox.faults.clear()
  // As it was: the way back is what the next case begins with.
  for (;;) {
    const [regular, pinned] = await Promise.all([many(20), many(5, { stage: 'canary' })])
    const isRight = pinned.every((body) => body.startsWith('version:echo-v2'))
    if (
      isRight &&
      ['v1', 'v2'].every((one) => regular.some((body) => body.startsWith(`version:echo-${one}`)))
    ) {
      if (regular.every((body) => body.startsWith('version:'))) return
    }
  }
})

function many(times: number, headers?: Record<string, string>): Promise<string[]> {
  return Promise.all(Array.from({ length: times }, () => ask(headers).catch(() => '')))
}

function canary(...args: string[]): Promise<CommandOutcome> {
  return cli.canary(args, { env: { CANARY_PROBE_RATE: '0' } })
}

/** Where nothing can be proven, waiting longer does not help; what can be judged gets the time it needs. */
function impatience(exitCode: number): string[] {
  return exitCode === 4 ? ['--verify-timeout', '1500ms'] : []
}

const RETRIED: Fault[] = [
  { kind: 'retries', app: 'echo' },
  { kind: 'error-rate', app: 'echo', percent: 70, version: 'v2' },
]

test.each<[id: string, exitCode: number, faults: Fault[]]>([
  ['no-virtual-service', 4, [{ kind: 'no-virtual-service' }]],
  ['parent-prefix', 4, [{ kind: 'parent-prefix', prefix: '/api' }]],
  ['rival-table', 4, [{ kind: 'rival-table', app: 'echo' }]],
  ['service-port', 3, [{ kind: 'wrong-service-port', app: 'echo' }]],
  ['upstream-missing', 3, [{ kind: 'missing-upstream', app: 'echo' }]],
  ['empty-subset-fallback', 3, [{ kind: 'never-ready', app: 'echo', version: 'v2' }]],
  ['header-stripped', 3, [{ kind: 'strip-header', name: 'stage' }]],
  ['wrong-weights', 3, [{ kind: 'wrong-weights', app: 'echo', percent: 10 }]],
  ['cache', 3, [{ kind: 'cache', ms: 60_000 }]],
  ['retries', 3, RETRIED],
  ['foreign-answers', 3, [{ kind: 'foreign-answers', percent: 50 }]],
  ['access-refused', 4, [{ kind: 'auth', status: 401 }]],
  ['access-refused', 4, [{ kind: 'auth', status: 403 }]],
  ['redirect', 4, [{ kind: 'redirect' }]],
  ['app-errors', 3, [{ kind: 'error-rate', app: 'echo', percent: 50 }]],
  ['proxy-unreachable', 4, [{ kind: 'proxy-down' }]],
])('%s: exit %i, and the cause is named first', async (id, exitCode, faults) => {
  for (const fault of faults) cli.sandbox.faults.add(fault)
  await struck(faults)

  const outcome = await canary('verify', 'echo', '--json', ...impatience(exitCode))

  const { error } = JSON.parse(outcome.stdout)
  const causes = error.evidence.causes.map((cause: { id: string }) => cause.id)
  expect([outcome.exitCode, causes[0], causes]).toEqual([exitCode, id, causes])
  expect(error.details[0]).toMatch(/cause: /)
})

test.each<[id: string, weight: string, fault: Fault]>([
  ['old-routes', '30', { kind: 'propagation', ms: 5000 }],
  ['proxy-rejects', '40', { kind: 'bad-neighbour' }],
  ['proxy-rejects', '50', { kind: 'neighbour-weights' }],
])('%s: routes that do not arrive (%s %%)', async (id, weight, fault) => {
  cli.sandbox.faults.add(fault)
  const outcome = await canary('shift', 'echo', weight, '--json', ...impatience(4))
  const { error } = JSON.parse(outcome.stdout)
  expect([outcome.exitCode, error.evidence.causes[0]?.id]).toEqual([4, id])
  cli.sandbox.faults.clear()
  // Answers alone don't tell these routes from those before.
  while ((await canary('verify', 'echo')).exitCode !== 0);
})

test('no-virtual-service after a rejection that is past: the proxy still counts that one, and it is no cause', async () => {
  const fault: Fault = { kind: 'no-virtual-service' }
  cli.sandbox.faults.add(fault)
  await struck([fault])
  const { stdout } = await canary('verify', 'echo', '--json', ...impatience(4))
  cli.sandbox.faults.clear()
  const causes = JSON.parse(stdout).error.evidence.causes.map(({ id }: { id: string }) => id)
  expect(causes[0]).toBe('no-virtual-service')
  expect(causes).not.toContain('proxy-rejects')
  while ((await canary('verify', 'echo')).exitCode !== 0);
})

test('sticky-routing: connections differ, where enough of each kind came to tell', async () => {
  cli.sandbox.faults.add({ kind: 'sticky', app: 'echo' })
  for (;;) {
    const { exitCode, stdout } = await canary('verify', 'echo', '--json', '--tolerance', '2.5')
    // Whether a check fails, and how soon, is up to which connections went where.
    if (exitCode === 0) continue
    const { evidence } = JSON.parse(stdout).error
    const { byVersion } = evidence.proof.checks.find(({ verdict }: { verdict: string }) => verdict === 'fail')
    if (Math.min(byVersion.v1 ?? 0, byVersion.v2 ?? 0) < 40) continue
    expect([exitCode, evidence.causes[0]?.id]).toEqual([3, 'sticky-routing'])
    return
  }
})

/** Changes of objects take their time to the proxy: until nobody gets the answer that all get at rest. */
async function struck(faults: Fault[]): Promise<void> {
  const slow = [
    'no-virtual-service',
    'parent-prefix',
    'rival-table',
    'wrong-service-port',
    'missing-upstream',
  ]
  if (faults.some(({ kind }) => kind === 'never-ready')) {
    for (;;) {
      const bodies = await many(20, { stage: 'canary' })
      if (bodies.every((body) => body.includes('v1'))) return
    }
  }
  if (faults.some(({ kind }) => slow.includes(kind))) while ((await ask()).startsWith('version:'));
}

async function ask(headers: Record<string, string> = {}): Promise<string> {
  return (await fetch(`${cli.sandbox.proxyUrl}/echo`, { headers })).text()
}
