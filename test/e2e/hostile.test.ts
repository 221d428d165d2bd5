import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
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

describe('an app that another operator holds', () => {
  /** Resolves once a canary that writes its events into this file of the home reports a matching note. */
  const noted = (file: string, note: RegExp) =>
    expect.poll(() => readFile(path.join(cli.home, file), 'utf8').catch(() => '')).toMatch(note)

  const lockHolder = async () =>
    (await cli.kubectl(['get', 'leases', '-n', 'echo', '-o', 'jsonpath={.items[*].spec.holderIdentity}']))
      .stdout

  test('a shift ends at once, or waits for the start and plans on what it left', async () => {
    const pods = cli.sandbox.faults.add({ kind: 'never-ready', app: 'echo', version: 'v2' })
    const started = expectExit(0, 'start', 'echo', 'v2', '--timeout', '10m')
    await expect.poll(lockHolder).not.toBe('')

    const { error } = await expectExit(10, 'shift', 'echo', '10')
    expect(error.message).toContain('canary start echo v2')
    const waits = ['--wait-for-lock', '10m', '--events', 'shift.ndjson']
    const shifted = expectExit(0, 'shift', 'echo', '10', ...waits)
    await noted('shift.ndjson', /canary start echo v2/)
    cli.sandbox.faults.remove(pods.id)
    expect((await started).stage.name).toBe('header')
    expect((await shifted).stage).toMatchObject({ name: 'weighted', weight: 10 })
  })

  test('an abort that never ends is passed with --break-lock, and stops by itself', async () => {
    cli.sandbox.faults.add({ kind: 'proxy-stall', percent: 100 })
    const first = expectExit(6, 'abort', 'echo', '--verify-timeout', '10m', '--events', 'first.ndjson')
    await noted('first.ndjson', /"type":"upgraded"/)

    const { error } = await expectExit(10, 'abort', 'echo')
    expect(error.nextSteps.join('\n')).toContain('canary abort echo --break-lock')
    const second = expectExit(0, 'abort', 'echo', '--break-lock', '--verify-timeout', '10m')
    expect((await first).error.message).toMatch(/lock/)
    cli.sandbox.faults.clear()
    expect((await second).stage).toEqual({ name: 'stable', primary: 'v1' })
  })
})
