import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Fault } from '../../src/sandbox/faults.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

let cli: SandboxCli
beforeAll(async () => {
  cli = await startSandboxCli(4, QUICK)
  await expectExit(0, 'install', 'echo', 'v1', '--with-virtual-service')
  await expectExit(0, 'start', 'echo', 'v2')
})
afterEach(() => cli.sandbox.faults.clear())
afterAll(() => cli.close())

const expectExit = (exitCode: number, ...args: string[]): Promise<any> => cli.document(exitCode, args)

test('an API that is slow with each answer is waited for', async () => {
  cli.sandbox.faults.add({ kind: 'api-latency', ms: 150 })
  expect((await expectExit(0, 'shift', 'echo', '20')).stage).toMatchObject({ weight: 20 })
})

test('watches that are dropped again and again are opened again', async () => {
  cli.sandbox.faults.add({ kind: 'drop-watches', ms: 50 })
  await expectExit(0, 'abort', 'echo')
  await expectExit(0, 'start', 'echo', 'v2')
  expect((await expectExit(0, 'shift', 'echo', '30')).stage).toMatchObject({ weight: 30 })
})

test('reads that fail now and then are repeated', async () => {
  cli.sandbox.faults.add({ kind: 'api-errors', percent: 20, status: 503 })
  expect((await expectExit(0, 'status', 'echo')).stage).toMatchObject({ weight: 30 })
})

test('a proxy that is gone for a while in the middle is waited for', async () => {
  cli.sandbox.faults.add({ kind: 'proxy-down', forMs: 3000 })
  expect((await expectExit(0, 'shift', 'echo', '40')).stage).toMatchObject({ weight: 40 })
})

test.each<[string, Fault, RegExp]>([
  ['credentials that expired', { kind: 'expired-credentials' }, /credentials/],
  ['an API that is down', { kind: 'api-down' }, /reach|broke/],
])('%s: nothing is changed, and the error says what to do', async (_, fault, message) => {
  const before = await expectExit(0, 'status', 'echo')
  cli.sandbox.faults.add(fault)
  const { error } = await expectExit(5, 'shift', 'echo', '60')
  expect(error.message).toMatch(message)
  expect(error.nextSteps.length).toBeGreaterThan(0)
  cli.sandbox.faults.clear()
  expect((await expectExit(0, 'status', 'echo')).revision).toBe(before.revision)
})

test('a proxy that stalls contradicts the stage; the error says so, and abort goes back once it is well', async () => {
  cli.sandbox.faults.add({ kind: 'proxy-stall', percent: 100 })
  const { error } = await expectExit(4, 'shift', 'echo', '70', '--verify-timeout', '3s')
  expect(error.state).toContain('weighted: 70 %')
  cli.sandbox.faults.clear()
  expect((await expectExit(0, 'abort', 'echo')).stage).toEqual({ name: 'stable', primary: 'v1' })
})
