import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ControlServer, startControl } from '../../../src/sandbox/control.js'
import {
  remoteFaults,
  removeState,
  runningSandbox,
  stateFolder,
  stopSandbox,
  writeState,
} from '../../../src/sandbox/daemon.js'
import { FaultRegistry } from '../../../src/sandbox/faults.js'

let folder: string
let control: ControlServer
let child: ChildProcess | undefined

beforeEach(async () => {
  folder = path.join(await mkdtemp(path.join(tmpdir(), 'canary-daemon-')), 'sandbox')
  control = await startControl(new FaultRegistry(), 'secret')
})
afterEach(async () => {
  child?.kill('SIGKILL')
  child = undefined
  await control.close()
  await rm(path.dirname(folder), { recursive: true })
})

function write(pid = process.pid, changes: object = {}) {
  const state = {
    pid,
    apiUrl: 'http://127.0.0.1:1',
    proxyUrl: 'http://127.0.0.1:2',
    controlUrl: control.url,
    token: 'secret',
    startedAt: '2026-03-01T12:00:00Z',
    ...changes,
  }
  return writeState(folder, state, 'apiVersion: v1\n')
}

/** A process that only waits. */
async function waiting(): Promise<ChildProcess> {
  child = spawn(process.execPath, ['-e', 'process.stdout.write("x"); setInterval(() => {}, 1e6)'])
  await new Promise((ready) => child!.stdout!.once('data', ready))
  return child
}

test.each([
  ['$XDG_STATE_HOME', { XDG_STATE_HOME: '/state' }, /^\/state\/canary\/sandbox$/],
  ['~/.local/state without it', {}, /\/\.local\/state\/canary\/sandbox$/],
  ['~/.local/state where it is empty', { XDG_STATE_HOME: '' }, /\/\.local\/state\/canary\/sandbox$/],
])('the state lies below %s', (_, env, expected) => {
  expect(stateFolder(env)).toMatch(expected)
})

test('a running sandbox is found by its state, which its user alone can read', async () => {
  const written = await write()
  expect(await runningSandbox(folder)).toEqual(written)
  expect(await readFile(written.kubeconfig, 'utf8')).toBe('apiVersion: v1\n')
  for (const file of [written.kubeconfig, path.join(folder, 'sandbox.json')]) {
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  }
})

test.each([
  ['there is no state', async () => {}],
  [
    'the state is broken',
    async () => {
      await write()
      await writeFile(path.join(folder, 'sandbox.json'), '{"pid":')
    },
  ],
  [
    'its process is gone',
    async () => {
      const gone = await waiting()
      await write(gone.pid)
      await new Promise((ended) => gone.once('exit', ended).kill('SIGKILL'))
    },
  ],
  ['another process has its number', () => write(process.pid, { controlUrl: 'http://127.0.0.1:1' })],
  ['another sandbox answers there', () => write(process.pid, { token: 'other' })],
])('no sandbox runs where %s', async (_, prepare) => {
  await prepare()
  expect(await runningSandbox(folder)).toBeUndefined()
})

test('stop waits until the process is gone, and is content with one that went before', async () => {
  const running = await waiting()
  const state = await write(running.pid)
  await stopSandbox(state)
  expect(() => process.kill(running.pid!, 0)).toThrow()
  await stopSandbox(state)
})

test('only the sandbox whose state it is removes it', async () => {
  await write()
  await removeState(folder, process.pid + 1)
  expect(await runningSandbox(folder)).toBeDefined()
  await removeState(folder, process.pid)
  expect(await runningSandbox(folder)).toBeUndefined()
})

test('faults are ordered from another process, refusals come in the sandbox’s words', async () => {
  const state = await write()
  const ordered = await remoteFaults.add(state, { kind: 'propagation', ms: 5 })
  expect(await remoteFaults.list(state)).toEqual([ordered])
  await expect(remoteFaults.remove(state, 9)).rejects.toThrow('there is no fault 9')
  expect(await remoteFaults.clear(state)).toEqual([])
})
