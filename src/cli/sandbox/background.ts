import { spawn } from 'node:child_process'
import { mkdir, open, readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ExternalError } from '../../model/errors.js'
import { runningSandbox, type SandboxState } from '../../sandbox/daemon.js'
import type { StartOptions } from './serve.js'

/** How long the process in the background may take until it answers. */
const START_TIMEOUT_MS = 15_000
/** The same with a real gateway, whose programs have to start, too. */
const REAL_START_TIMEOUT_MS = 60_000

/** Starts this program again in the background, and resolves once its sandbox answers. */
export async function startInBackground(
  folder: string,
  { proxies, providers, like, real, envoy }: StartOptions,
  owner: number | undefined,
  cwd: string,
): Promise<SandboxState> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const logFile = path.join(folder, 'sandbox.log')
  const log = await open(logFile, 'w', 0o600)
  const itself = [...process.execArgv, process.argv[1]!]
  const bin = real?.bin ?? envoy?.bin
  const flags = [
    '--proxies',
    String(proxies),
    ...(real ? ['--gateway', real.gateway] : ['--like', like]),
    ...(envoy ? ['--proxy', 'envoy'] : []),
    ...(bin === undefined ? [] : ['--gateway-bin', bin]),
    ...(providers.length === 2 ? [] : [providers[0] === 'gloo' ? '--no-gateway-api' : '--gateway-api']),
    ...(owner === undefined ? [] : ['--while-pid', String(owner)]),
  ]
  const program = [...itself, 'sandbox', 'start', '--foreground', ...flags]
  const child = spawn(process.execPath, program, {
    detached: true,
    cwd,
    stdio: ['ignore', log.fd, log.fd],
  })
  const failed = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(`it ended with ${code ?? signal}`))
  })
  child.unref()
  await log.close()
  const deadline = Date.now() + (real || envoy ? REAL_START_TIMEOUT_MS : START_TIMEOUT_MS)
  let why: string | undefined
  while (why === undefined && Date.now() < deadline) {
    const state = await runningSandbox(folder)
    if (state) return state
    why = await Promise.race([failed, sleep(30, undefined)])
  }
  throw new ExternalError(`The sandbox did not start: ${why ?? 'it did not answer in time'}.`, {
    command: `${process.execPath} ${program.join(' ')}`,
    stderr: await readFile(logFile, 'utf8'),
    nextSteps: ['canary sandbox start --foreground    (shows what it does)'],
  })
}
