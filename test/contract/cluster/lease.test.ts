import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { AppLock, LockRequest } from '../../../src/cluster/ports/locks.js'
import type { Cluster } from '../../../src/cluster/port.js'
import { openCluster } from '../../../src/cluster/open.js'
import { type SandboxCli, startSandboxCli } from '../../support/sandbox-cli.js'

/** Takes the app, says so, and holds it until it is killed. */
const HOLDING = `
const { openCluster } = await import(${JSON.stringify(new URL('../../../src/cluster/open.ts', import.meta.url).href)})
await openCluster().lock({
  app: 'echo', namespace: 'echo', command: 'finish echo', who: 'killed@here', waitMs: 0, preempt: false, waiting() {},
})
console.log('held')
setInterval(() => {}, 1000)
`

describe('the Lease of an app, on an API server', () => {
  let cli: SandboxCli
  let ann: Cluster
  let bob: Cluster
  const locks: AppLock[] = []
  const children: ChildProcess[] = []
  const before = { ...process.env }

  beforeAll(async () => {
    cli = await startSandboxCli(4)
    Object.assign(process.env, cli.env)
    ann = openCluster()
    bob = openCluster()
    expect(await cli.kubectl(['create', 'namespace', 'echo'])).toMatchObject({ exitCode: 0 })
  })
  afterEach(async () => {
    cli.sandbox.faults.clear()
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await Promise.all(locks.splice(0).map((lock) => lock.release()))
  })
  afterAll(async () => {
    await Promise.all([ann.close(), bob.close()])
    await cli.close()
    process.env = before
  })

  async function take(cluster: Cluster, changes: Partial<LockRequest> = {}): Promise<AppLock> {
    const who = cluster === ann ? 'ann@here' : 'bob@here'
    const named = { app: 'echo', namespace: 'echo', command: 'shift echo 50', who }
    const lock = await cluster.lock({
      ...named,
      waitMs: 0,
      preempt: false,
      waiting: () => undefined,
      ...changes,
    })
    locks.push(lock)
    return lock
  }

  async function holder(): Promise<string> {
    const path = 'jsonpath={.spec.holderIdentity}'
    return (await cli.kubectl(['get', 'lease', 'canary-echo', '-n', 'echo', '-o', path])).stdout
  }

  test('of two at once one has it, the other learns who; it is confirmed and given back', async () => {
    const outcomes = await Promise.allSettled([take(ann), take(bob)])

    const lock = outcomes.find((outcome) => outcome.status === 'fulfilled')!.value
    const busy: unknown = outcomes.find((outcome) => outcome.status === 'rejected')!.reason
    const winner = outcomes[0].status === 'fulfilled' ? 'ann@here' : 'bob@here'
    expect(busy).toMatchObject({ outcome: 'busy', message: expect.stringContaining(`${winner} (pid `) })
    await lock.confirm()
    await lock.release()
    expect(await holder()).toBe('')
  })

  test('abort makes the holder stop, and has it once it is given back', async () => {
    const holding = await take(ann)
    const aborting = take(bob, { command: 'abort echo', preempt: true })
    await once(holding.lost, 'abort')
    expect((holding.lost.reason as Error).message).toBe('bob@here took over echo with "canary abort echo".')
    await holding.release()
    await (await aborting).confirm()
  })

  test('a holder that was killed on this host is known to be dead at once', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', HOLDING], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    await once(child.stdout, 'data')
    await expect(take(ann)).rejects.toMatchObject({ message: expect.stringContaining('killed@here') })
    child.kill('SIGKILL')
    await once(child, 'exit')

    const lock = await take(ann)

    expect(lock.tookOverFromDead).toBe(true)
    await lock.confirm()
  })

  test('proofs are kept', async () => {
    const proof = { revision: 3, verdict: 'pass' as const, at: '2026-11-23T10:00:00.000Z', who: 'ann@here' }
    const lock = await take(ann)
    lock.record(proof)
    await lock.release()
    expect(await bob.recordedProofs('echo', 'echo')).toEqual([proof])
  })

  test.each(['get', 'create', 'update'])('%s is forbidden: a word on it, and no hold', async (verb) => {
    cli.sandbox.faults.add({ kind: 'forbid', verb, resource: 'leases' })
    const lock = await take(ann, { app: `other-${verb}` })
    expect(lock.unavailable).toContain(`may not ${verb} leases in namespace echo`)
    await lock.confirm()
  })

  test('a namespace that is still to come: no hold', async () => {
    const lock = await take(ann, { namespace: 'shop' })
    expect(lock.unavailable).toBeUndefined()
    await lock.confirm()
  })

  test('an app that was removed while held: the hold is lost', async () => {
    const lock = await take(ann)
    expect(await cli.kubectl(['delete', 'namespace', 'echo'])).toMatchObject({ exitCode: 0 })
    await expect(lock.confirm()).rejects.toMatchObject({ outcome: 'conflict' })
  })
})
