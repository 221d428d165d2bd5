import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startFakePath, type FakePath } from './fake-program.js'

/**
 * What becomes of kubectl and helm when canary is interrupted or killed, with a process in canary's place: in a process
 * group of its own, as a terminal has it, so that a signal to the group is a Ctrl-C.
 */
let programs: FakePath
let parent: ChildProcess
let output = ''
beforeEach(async () => {
  programs = await startFakePath()
  output = ''
})
afterEach(async () => {
  signal(parent.pid ?? 0, 'SIGKILL')
  await programs.close()
})

const source = (name: string) => new URL(`../../../src/cluster/${name}`, import.meta.url).href

function startParent(script: string): void {
  const argv = ['--import', 'tsx', '--input-type=module', '--eval', script]
  const env = { ...process.env, TMPDIR: programs.folder } // what a killed process leaves behind goes with the test
  parent = spawn(process.execPath, argv, { detached: true, env, stdio: ['ignore', 'pipe', 'inherit'] })
  parent.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
}

/** Sends a signal; a process that is gone already is fine. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // it is gone
  }
}

/** False too for one that has ended but was not yet waited for, as orphans in a container often are. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux'
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10)
}

const file = (name: string) => path.join(programs.folder, name)
const pidIn = (name: string) => Number(readFileSync(file(name), 'utf8'))

const HOLD = `process.on('SIGINT', () => console.log('interrupted')); setInterval(() => {}, 1000)`

describe('a kubectl that serves this command', () => {
  beforeEach(async () => {
    await programs.program(
      'kubectl',
      `require('fs').writeFileSync(__dirname + '/pid', String(process.pid))
       console.log('Starting to serve on /x')
       setInterval(() => {}, 1000)`,
    )
    startParent(
      `import { startKubectl } from '${source('kube/kubectl-process.ts')}'
       ${HOLD}
       const service = await startKubectl(['proxy'], /Starting/, {})
       console.log('ready')
       process.on('SIGUSR2', async () => { await service.close(); process.exit(0) })`,
    )
    await until(() => output.includes('ready'))
  })

  test('ends when canary closes it', async () => {
    parent.kill('SIGUSR2')
    await until(() => !isAlive(pidIn('pid')))
  })

  test('ends when canary is killed', async () => {
    parent.kill('SIGKILL')
    await until(() => !isAlive(pidIn('pid')))
  })

  test('does not get the Ctrl-C of the terminal', async () => {
    process.kill(-(parent.pid ?? 0), 'SIGINT')
    await until(() => output.includes('interrupted'))

    expect(isAlive(pidIn('pid'))).toBe(true)
  })
})

describe('a helm in the middle of an upgrade', () => {
  beforeEach(async () => {
    // Applies until the test lets it go on, then prints, as Helm does at its end.
    await programs.program(
      'helm',
      `const fs = require('fs')
       if (process.argv[2] === 'version') { console.log('v4.2.3'); process.exit(0) }
       fs.writeFileSync(__dirname + '/pid', String(process.pid))
       const timer = setInterval(() => {
         if (!fs.existsSync(__dirname + '/go')) return
         clearInterval(timer)
         console.error('level=WARN msg="nearly done"')
         console.log('{"version":2}')
         fs.writeFileSync(__dirname + '/done', '')
       }, 10)`,
    )
    startParent(
      `import { Helm } from '${source('helm/helm.ts')}'
       import { PrivateFolder } from '${source('private-folder.ts')}'
       ${HOLD}
       const request = { app: 'echo', namespace: 'echo', chart: { path: '/chart' }, values: {}, description: 'x' }
       console.log('revision', await new Helm(() => Promise.resolve({}), new PrivateFolder()).upgrade(request))`,
    )
    await until(() => existsSync(file('pid')))
  })

  test('does not get the Ctrl-C of the terminal: it ends by itself, and its answer is heard', async () => {
    process.kill(-(parent.pid ?? 0), 'SIGINT')
    await until(() => output.includes('interrupted'))
    writeFileSync(file('go'), '')

    await until(() => output.includes('revision 2'))
  })

  test('goes on to its end when canary is killed', async () => {
    parent.kill('SIGKILL')
    await until(() => parent.signalCode !== null)
    writeFileSync(file('go'), '')

    await until(() => existsSync(file('done')))
  })
})
