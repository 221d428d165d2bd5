import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Arena, startArena } from '../../soak/arena.js'
import { projectRoot } from '../../soak/build.js'
import { descendants, isRunning } from '../../soak/processes.js'
import { revisionsOf } from '../../soak/release.js'
import { Subject } from '../../soak/subject.js'
import { GATEWAY_API } from '../support/providers.js'
import { noPty, openTerminal } from '../support/pty.js'

let arena: Arena
let subject: Subject

beforeAll(async () => {
  arena = await startArena({ root: projectRoot, major: 4, provider: GATEWAY_API, isBrief: true })
  subject = await Subject.install(arena, 'echo')
  await subject.go(subject.start())
})
afterAll(async () => {
  await subject.traffic.stop()
  await arena.close()
})

const atTerminal = (args: string[]) =>
  openTerminal([arena.runJs, ...args], { env: arena.env, cwd: arena.home })

/** Resolves once the canary of this process id has an upgrade running. */
async function helmUpgradeBelow(pid: number): Promise<void> {
  await expect
    .poll(async () => (await descendants(pid)).map(({ command }) => command), {
      timeout: 60_000,
      interval: 10,
    })
    .toContainEqual(expect.stringMatching(/^helm upgrade /))
}

const newestRevision = async () => (await revisionsOf(arena, subject.app)).at(-1)!

describe.skipIf(noPty)('at a terminal', () => {
  test('Ctrl-C while helm runs: says so, lets it end, tells the stage; the same again proves it', async () => {
    const move = subject.shift(20)
    const terminal = await atTerminal(move.args)
    await helmUpgradeBelow(await terminal.pid())
    terminal.type('\x03')
    await terminal.shows(/Stopping once helm upgrade has ended/)
    expect(await terminal.ended).toBe('130')
    const { revision, status } = await newestRevision()
    expect(status).toBe('deployed')
    expect(terminal.screen()).toMatch(new RegExp(`revision ${revision}, weighted: 20 %`))
    expect(terminal.screen()).toContain('canary abort echo')
    await subject.go(move)
  })

  test('Ctrl-C while traffic is counted stops at once, in the stage that is there', async () => {
    const move = subject.shift(40)
    const terminal = await atTerminal([...move.args, '--probe-rate', '10', '--tolerance', '1'])
    await terminal.shows(/✔ the proxy serves these routes/)
    terminal.type('\x03')
    expect(await terminal.ended).toBe('130')
    expect(terminal.screen()).toMatch(/Interrupted.*\r\n.*weighted: 40 %/)
    await subject.go(move)
  })

  test('a second Ctrl-C leaves at once, and says what that may leave; --recover goes on', async () => {
    const move = subject.shift(60)
    const terminal = await atTerminal(move.args)
    await helmUpgradeBelow(await terminal.pid())
    terminal.type('\x03')
    await terminal.shows(/Stopping once helm upgrade has ended/)
    terminal.type('\x03')
    await terminal.shows(/Stopped at once[^\n]*\n/)
    expect(await terminal.ended).toBe('130')
    expect(terminal.screen()).toMatch(/helm upgrade continues without canary.*canary status echo/)
    await subject.go(move, ['--recover'])
  })

  test('a terminal that closes ends it like SIGTERM', async () => {
    const move = subject.shift(70)
    const terminal = await atTerminal(move.args)
    await helmUpgradeBelow(await terminal.pid())
    terminal.close()
    expect(await terminal.ended).toBe('143')
    expect((await newestRevision()).status).toBe('deployed')
    await subject.go(move)
  })
})

test('SIGTERM in a pipe: helm ends, exit 143, the stage is told', async () => {
  const move = subject.shift(50)
  const running = arena.spawn(move.args)
  await helmUpgradeBelow(running.pid)
  running.signal('SIGTERM')
  const { code, stderr } = await running.ended
  expect(code).toBe(143)
  const { revision, status } = await newestRevision()
  expect(status).toBe('deployed')
  expect(stderr).toMatch(/Stopping once helm upgrade has ended/)
  expect(stderr).toMatch(new RegExp(`revision ${revision}, weighted: 50 %`))
  await subject.go(move)
})

test('the parent that reads its output is killed: nothing is left in the middle', async () => {
  const move = subject.shift(30)
  const program = `
    const child = require('node:child_process').spawn(process.execPath, process.argv.slice(1))
    child.stdout.resume(), child.stderr.resume()
    console.log(child.pid)`
  const parent = spawn(process.execPath, ['-e', program, arena.runJs, ...move.args], {
    env: arena.env,
    cwd: arena.home,
  })
  const pid = await new Promise<number>((resolve) =>
    parent.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))),
  )
  await helmUpgradeBelow(pid)
  parent.kill('SIGKILL')
  await expect.poll(() => isRunning(pid)).toBe(false)
  expect((await newestRevision()).status).toBe('deployed')
  await subject.go(move)
})

test('no request of the users failed meanwhile', () => {
  expect(subject.traffic.report.failures).toEqual({})
  expect(subject.traffic.report.sent).toBeGreaterThan(100)
})
