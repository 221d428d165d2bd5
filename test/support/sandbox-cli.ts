import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import { expect } from 'vitest'
import { projectRoot } from '../../soak/build.js'
import { CanaryWorkers, type CommandOutcome } from '../../soak/canary-workers.js'
import { type HelmMajor, pathWithTools } from '../../scripts/tools.js'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.js'
import { requireInSchema } from './json-schema.js'

const runJs = path.join(projectRoot, 'bin', 'run.js')

/** A sandbox in this process and the tools to use it as a user would: the real canary, helm and kubectl. */
export interface SandboxCli {
  sandbox: Sandbox
  /** A folder of this sandbox's own; removed at close. */
  home: string
  env: Record<string, string>
  /** Runs the built canary; never throws for an exit code, but for JSON that is not as its schema says. */
  canary(args: string[], options?: CommandOptions): Promise<CommandOutcome>
  helm(args: string[], input?: string): Promise<CommandOutcome>
  kubectl(args: string[], input?: string): Promise<CommandOutcome>
  /** Runs canary with --json, demands this exit code, and gives back the document. */
  document(exitCode: number, args: string[], options?: CommandOptions): Promise<any>
  close(): Promise<void>
}

interface CommandOptions {
  input?: string
  env?: Record<string, string>
}

export interface SandboxCliOptions extends SandboxOptions {
  /** Proofs of 44 answers of each kind, as fast as they come, instead of 459. */
  briefProofs?: boolean
  /** Each canary command in a process of its own, as a user's is. */
  ownProcesses?: boolean
}

/** A cluster quicker than a real one, and briefer proofs, for tests whose point is neither; traffic drains all the same. */
export const QUICK: SandboxCliOptions = {
  podStartMs: 50,
  drainMs: 300,
  routesMs: [30, 90],
  endpointsMs: [20, 60],
  briefProofs: true,
}

const BRIEF_PROOFS = { CANARY_PROBE_RATE: '0', CANARY_TOLERANCE: '10' }

/** Starts a sandbox with a private home, kubeconfig and caches (ports are reused, so caches must not be shared). */
export async function startSandboxCli(
  major: HelmMajor,
  { briefProofs = false, ownProcesses = false, ...options }: SandboxCliOptions = {},
): Promise<SandboxCli> {
  const sandbox = await startSandbox(options)
  const home = await mkdtemp(path.join(tmpdir(), 'canary-test-'))
  const kubeconfig = path.join(home, 'kubeconfig')
  await writeFile(kubeconfig, sandbox.kubeconfig)
  const env: Record<string, string> = {
    PATH: await pathWithTools(major),
    HOME: home,
    KUBECONFIG: kubeconfig,
    KUBECACHEDIR: path.join(home, 'kube-cache'),
    HELM_CACHE_HOME: path.join(home, 'helm-cache'),
    XDG_STATE_HOME: path.join(home, 'state'),
    NO_COLOR: '1',
    // A proof that is to pass may take its time; tests of one that can't say how long to try.
    CANARY_VERIFY_TIMEOUT: '5m',
    ...(briefProofs ? BRIEF_PROOFS : {}),
  }
  async function run(
    command: string,
    args: string[],
    input?: string,
    extraEnv?: Record<string, string>,
  ): Promise<CommandOutcome> {
    const result = await execa(command, args, {
      env: { ...env, ...extraEnv },
      extendEnv: false,
      cwd: home,
      reject: false,
      input: input ?? '',
    })
    return { exitCode: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr }
  }
  const workers = new CanaryWorkers(projectRoot, home, env)
  const canary: SandboxCli['canary'] = async (args, extra = {}) => {
    const isOwn = ownProcesses || extra.input !== undefined
    const outcome = isOwn
      ? await run(process.execPath, [runJs, ...args], extra.input, extra.env)
      : await workers.run(args, extra.env)
    if (args.includes('--json') && outcome.stdout) requireInSchema(args, JSON.parse(outcome.stdout))
    return outcome
  }
  return {
    sandbox,
    home,
    env,
    canary,
    document: async (exitCode, args, options) => {
      const outcome = await canary([...args, '--json'], options)
      const said = outcome.exitCode === exitCode ? '' : outcome.stderr + outcome.stdout
      expect({ args, exitCode: outcome.exitCode, said }).toEqual({ args, exitCode, said: '' })
      return JSON.parse(outcome.stdout)
    },
    helm: (args, input) => run('helm', args, input),
    kubectl: (args, input) => run('kubectl', args, input),
    close: async () => {
      await workers.close()
      await sandbox.close()
      await rm(home, { recursive: true, force: true })
    },
  }
}
