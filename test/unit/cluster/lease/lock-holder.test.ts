import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { hasDied, type ProcessIdentity, thisProcess } from '../../../../src/cluster/lease/lock-holder.js'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A process that says who it is, as it would write it into a Lease, and lives until it is killed. */
async function started(): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  children.push(child)
  await once(child, 'spawn')
  return { child, identity: { ...thisProcess(), pid: child.pid!, started: '' } }
}

test('this process lives', () => {
  expect(thisProcess()).toMatchObject({ pid: process.pid, host: expect.stringMatching(/./) })
  expect(hasDied(thisProcess())).toBe(false)
})

test('another process lives, until it is killed', async () => {
  const { child, identity } = await started()
  expect(hasDied(identity)).toBe(false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(hasDied(identity)).toBe(true)
})

describe.runIf(process.platform === 'linux')('on Linux', () => {
  test('a pid that belongs to another process by now: its holder died', () => {
    expect(thisProcess().started).toMatch(/^\d+$/)
    expect(hasDied({ ...thisProcess(), started: '1' })).toBe(true)
  })

  test('a process that ended, but whose parent does not look after it, died', async () => {
    // The child ends with its input, once the shell has become something that never asks for it.
    const parent = spawn('/bin/sh', ['-c', 'exec 3<&0; cat <&3 & echo $!; exec sleep 60'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    children.push(parent)
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(line.toString())
    await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n')
    parent.stdin.end()
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(' Z ')
    expect(hasDied({ ...thisProcess(), pid, started: '' })).toBe(true)
  })

  test('a process of somebody else lives', () => {
    expect(hasDied({ ...thisProcess(), pid: 1, started: '' })).toBe(false)
  })
})

test.each<[string, Partial<ProcessIdentity>]>([
  ['another host', { host: 'elsewhere' }],
  ['another boot, or another container', { scope: 'another' }],
])('of a process of %s nothing is known', (_, changes) => {
  expect(hasDied({ ...thisProcess(), pid: 2 ** 22 + 1, ...changes })).toBe(false)
})

test('where the system does not tell its boot, nothing is known of any process', () => {
  const own = { ...thisProcess(), scope: '' }
  expect(hasDied({ ...own, pid: 2 ** 22 + 1 }, own)).toBe(false)
})
