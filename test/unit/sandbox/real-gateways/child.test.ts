import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startChild, tailOf } from '../../../../src/sandbox/real-gateways/child.js'
import { startProcess } from '../../../../src/sandbox/real-gateways/process.js'

let folder: string
let log: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-child-'))
  log = path.join(folder, 'log')
})
afterEach(() => rm(folder, { recursive: true }))

/** A program that says its process id, and runs until it is ended. */
const UNENDING = ['sh', '-c', 'echo $$; exec sleep 1000'] as [string, ...string[]]

async function pidIn(file: string): Promise<number> {
  await expect.poll(() => tailOf(file)).toMatch(/^\d+$/)
  return Number(await readFile(file, 'utf8'))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('a closed child has ended', async () => {
  const child = await startChild(UNENDING, { log })
  const pid = await pidIn(log)
  await child.close()
  expect(isAlive(pid)).toBe(false)
})

test('a child ends with its parent, even if that is killed', async () => {
  const module = fileURLToPath(new URL('../../../../src/sandbox/real-gateways/child.ts', import.meta.url))
  const text = `import(${JSON.stringify(module)}).then(({ startChild }) =>
    startChild(${JSON.stringify(UNENDING)}, { log: ${JSON.stringify(log)} }))
    setInterval(() => {}, 1000)`
  const parent = spawn(process.execPath, ['--import', 'tsx', '-e', text], { stdio: 'inherit' })
  const pid = await pidIn(log)
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  await expect.poll(() => isAlive(pid)).toBe(false)
})

test('a program that ends before it is ready fails with its last words', async () => {
  const failing = startProcess({
    name: 'gateway',
    command: ['sh', '-c', 'echo no such flag; exit 3'],
    log,
    ready: { path: path.join(folder, 'never.sock') },
  })
  await expect(failing).rejects.toThrow('gateway ended with 3:\nno such flag')
})
