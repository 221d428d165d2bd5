import { type ChildProcess, fork } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { type HelmMajor, pathWithTools } from '../scripts/tools.js'
import { remoteFaults } from '../src/sandbox/daemon.js'
import type { Fault } from '../src/sandbox/faults.js'
import { GLOO, type ProviderCase } from '../test/support/providers.js'
import type { Sandbox, SandboxOptions } from '../src/sandbox/sandbox.js'
import { CanaryProcess, type Ended } from './canary-process.js'
import { CanaryWorkers } from './canary-workers.js'
import { type ProcessEntry, processesIn } from './processes.js'

type Served = Pick<Sandbox, 'apiUrl' | 'proxyUrl' | 'gatewayUrl' | 'controlUrl' | 'token' | 'kubeconfig'>

/** Quicker than a real cluster, so that many cases fit into an hour; never instant, so that moments lie in between. */
const QUICK: SandboxOptions = {
  podStartMs: 100,
  drainMs: 400,
  routesMs: [80, 250],
  endpointsMs: [100, 250],
}

/** A cluster with a proxy in a process of its own, and the tools to use it as a user would. */
export interface Arena {
  apiUrl: string
  /** What leads to its apps, and where they are served. */
  provider: ProviderCase
  proxyUrl: string
  token: string
  /** A folder of its own, working directory of every command; removed at close. */
  home: string
  env: Record<string, string>
  runJs: string
  /** Requests of each app's users. */
  perSecond: number
  /** Starts canary; the caller sees to its end. */
  spawn(args: string[]): CanaryProcess
  /** Runs canary to its end, whatever that is. */
  canary(args: string[]): Promise<Ended>
  /** Output of a command that is only looked at; never throws. */
  look(command: string, args: string[]): Promise<string>
  /** Processes in its folder, those aside that wait for the next command. */
  processes(): Promise<ProcessEntry[]>
  order(fault: Fault): Promise<void>
  clearFaults(): Promise<void>
  close(): Promise<void>
}

export interface ArenaOptions {
  /** The build whose canary and sandbox it has: a folder with bin and dist. */
  root: string
  major: HelmMajor
  provider?: ProviderCase
  /** Proofs of 44 answers instead of 459, half of the users, and one process for commands that nobody disturbs. */
  isBrief?: boolean
  /** Of its cluster, where it is to differ from a quick one. */
  sandbox?: SandboxOptions
}

export async function startArena({
  root,
  major,
  provider = GLOO,
  isBrief = false,
  sandbox = {},
}: ArenaOptions): Promise<Arena> {
  const home = await mkdtemp(path.join(tmpdir(), 'canary-soak-'))
  const [{ child, served }, toolsPath] = await Promise.all([
    forkSandbox(root, { ...QUICK, ...sandbox }),
    pathWithTools(major),
  ])
  const kubeconfig = path.join(home, 'kubeconfig')
  await Promise.all([writeFile(kubeconfig, served.kubeconfig), mkdir(path.join(home, 'tmp'))])
  const env: Record<string, string> = {
    PATH: toolsPath,
    HOME: home,
    TMPDIR: path.join(home, 'tmp'),
    KUBECONFIG: kubeconfig,
    KUBECACHEDIR: path.join(home, 'kube-cache'),
    HELM_CACHE_HOME: path.join(home, 'helm-cache'),
    XDG_STATE_HOME: path.join(home, 'state'),
    CANARY_PROBE_RATE: '0',
    CANARY_TIMEOUT: '60s',
    NO_COLOR: '1',
    ...(isBrief ? { CANARY_TOLERANCE: '10' } : {}),
  }
  const runJs = path.join(root, 'bin', 'run.js')
  const spawn = (args: string[]) => new CanaryProcess(runJs, args, { env, cwd: home })
  const workers = new CanaryWorkers(root, home, env)
  const inWorker = async (args: string[]): Promise<Ended> => {
    const started = performance.now()
    const { exitCode, ...printed } = await workers.run(args)
    return { code: exitCode, ...printed, ms: performance.now() - started }
  }
  const control = { ...served, kubeconfig, pid: child.pid ?? 0, startedAt: '' }
  return {
    apiUrl: served.apiUrl,
    token: served.token,
    provider,
    proxyUrl: provider.url(served),
    home,
    env,
    runJs,
    perSecond: isBrief ? 50 : 100,
    spawn,
    canary: isBrief ? inWorker : (args) => spawn(args).ended,
    look: async (command, args) => {
      const { all } = await execa(command, args, {
        env,
        extendEnv: false,
        cwd: home,
        reject: false,
        all: true,
      })
      return all ?? ''
    },
    processes: async () => (await processesIn(home)).filter(({ pid }) => !workers.has(pid)),
    order: async (fault) => {
      await remoteFaults.add(control, fault)
    },
    clearFaults: async () => {
      await remoteFaults.clear(control)
    },
    close: async () => {
      await workers.close()
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.disconnect()
      await ended
      await rm(home, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

async function forkSandbox(
  root: string,
  options: SandboxOptions,
): Promise<{ child: ChildProcess; served: Served }> {
  const program = fileURLToPath(new URL('sandbox-process.mjs', import.meta.url))
  const child = fork(program, [root, JSON.stringify(options)], { execArgv: [] })
  const served = await new Promise<Served>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Served))
    child.once('exit', (code) => reject(new Error(`the sandbox ended with ${code} before it served`)))
  })
  return { child, served }
}
