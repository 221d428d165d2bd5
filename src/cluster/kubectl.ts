import { execFile, spawn, type ChildProcess } from 'node:child_process'
import type { Duplex, Readable } from 'node:stream'
import { promisify } from 'node:util'
import { ExternalError } from '../model/errors.js'
import type { ClusterOptions } from './cluster.js'

/** A kubectl that serves this command until it is closed (a proxy, a port-forward). */
interface KubectlService {
  /** What the line that said it is ready held. */
  ready: RegExpExecArray
  /** Resolves when it has ended, closed or not. */
  ended: Promise<void>
  close: () => Promise<void>
}

/**
 * kubectl in a session of its own, so that the terminal's Ctrl-C does not end it before the command has looked at what
 * it left behind; and tied to this process: a shell waits on descriptor 3, which closes when this process ends, however
 * it ends, and ends kubectl then. `$$` is the shell that becomes kubectl.
 */
const TIED_TO_PARENT = '(read -r _ <&3; kill $$) >/dev/null 2>&1 & exec kubectl "$@" 3<&-'

/** How long kubectl may take until it serves. */
const READY_TIMEOUT_MS = 30_000

/** kubectl's flags for the cluster the user chose. */
export function kubectlFlags({ kubeconfig, kubeContext }: ClusterOptions): string[] {
  return [
    ...(kubeconfig ? ['--kubeconfig', kubeconfig] : []),
    ...(kubeContext ? ['--context', kubeContext] : []),
  ]
}

/**
 * Starts a long-running kubectl and waits for the line on its stdout that says it serves.
 * Throws ExternalError with what kubectl said when it ends before that.
 */
export async function startKubectl(
  args: string[],
  readyLine: RegExp,
  options: ClusterOptions,
): Promise<KubectlService> {
  const argv = [...args, ...kubectlFlags(options)]
  const child = spawn('/bin/sh', ['-c', TIED_TO_PARENT, 'kubectl', ...argv], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const leash = child.stdio[3] as Duplex
  leash.on('error', () => undefined) // it may close from the other end, when kubectl ends first
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      leash.destroy()
      resolve()
    })
    child.once('error', () => resolve())
  })
  const close = async () => {
    child.ref() // else nothing might be left to keep this process until it has ended
    child.kill()
    leash.destroy()
    await ended
  }
  try {
    const ready = await readyMatch(child, readyLine)
    // From here on it must not keep canary from ending; it ends with canary.
    child.unref()
    for (const stream of [child.stdout, child.stderr, leash]) (stream as unknown as { unref(): void }).unref()
    return { ready, ended, close }
  } catch (error) {
    await close()
    if (error instanceof KubectlEnded) throw await explainKubectl(['kubectl', ...argv], error, options)
    throw error
  }
}

/** How a kubectl ended that should have gone on. */
class KubectlEnded extends Error {
  constructor(
    readonly code: number | undefined,
    readonly stderr: string,
  ) {
    super(stderr)
  }
}

async function readyMatch(child: ChildProcess, readyLine: RegExp): Promise<RegExpExecArray> {
  const output = { stdout: '', stderr: '' }
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(
        () => reject(new KubectlEnded(undefined, output.stderr || 'no sign of life within 30 s')),
        READY_TIMEOUT_MS,
      )
      child.once('error', (error) => reject(new KubectlEnded(undefined, error.message)))
      child.once('close', (code) => reject(new KubectlEnded(code ?? undefined, output.stderr)))
      const collect = (stream: Readable | null, name: 'stdout' | 'stderr') =>
        stream?.setEncoding('utf8').on('data', (text: string) => {
          output[name] = (output[name] + text).slice(-8192)
          const match = readyLine.exec(output.stdout)
          if (match) resolve(match)
        })
      collect(child.stdout, 'stdout')
      collect(child.stderr, 'stderr')
    })
  } finally {
    clearTimeout(timer)
  }
}

async function explainKubectl(
  argv: string[],
  { code, stderr }: KubectlEnded,
  options: ClusterOptions,
): Promise<ExternalError> {
  const said = stderr.trim()
  const details = { command: argv.join(' '), code, stderr: said }
  if (code === 127 || (code === 126 && /kubectl/.test(said))) {
    return kubectlMissing(details)
  }
  const context =
    /context "([^"]*)" does not exist/.exec(said)?.[1] ?? /context was not found.*: (.*)/.exec(said)?.[1]
  if (context !== undefined) {
    const known = await knownContexts(options)
    return new ExternalError(
      `There is no context "${context}" in the kubeconfig${known.length > 0 ? `; it has ${known.join(', ')}` : ''}.`,
      { ...details, nextSteps: ['name another with --kube-context', 'kubectl config get-contexts'] },
    )
  }
  if (/error loading config file|stat .*: no such file|invalid configuration/.test(said)) {
    return new ExternalError(`kubectl can't use the kubeconfig: ${said.replace(/^error: /, '')}.`, {
      ...details,
      nextSteps: ['name another file with --kubeconfig, or by the environment variable KUBECONFIG'],
    })
  }
  return new ExternalError(`kubectl ended: ${said || `exit code ${code}`}`, {
    ...details,
    nextSteps: ['kubectl cluster-info    (does kubectl reach the cluster by itself?)'],
  })
}

function kubectlMissing(details: { command: string; code?: number; stderr?: string }): ExternalError {
  return new ExternalError('kubectl was not found on PATH: canary reaches the cluster through it.', {
    ...details,
    nextSteps: ['install kubectl (https://kubernetes.io/docs/tasks/tools/), or put its folder on PATH'],
  })
}

/** The contexts of a kubeconfig, the one that kubectl takes by default where none is given; none where it can't be read. */
export async function knownContexts({ kubeconfig }: ClusterOptions): Promise<string[]> {
  try {
    const { stdout } = await promisify(execFile)('kubectl', [
      'config',
      'get-contexts',
      '-o',
      'name',
      ...kubectlFlags({ kubeconfig }),
    ])
    return stdout.split('\n').filter(Boolean)
  } catch {
    return []
  }
}

/** The version of the kubectl on PATH, e.g. `v1.36.3`. Throws ExternalError when there is none. */
export async function kubectlVersion(): Promise<string> {
  const args = ['version', '--client', '-o', 'json']
  const command = `kubectl ${args.join(' ')}`
  try {
    const { stdout } = await promisify(execFile)('kubectl', args)
    const { clientVersion } = JSON.parse(stdout) as { clientVersion?: { gitVersion?: string } }
    return clientVersion?.gitVersion ?? 'of an unknown version'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw kubectlMissing({ command })
    throw new ExternalError(`kubectl does not work: ${(error as Error).message}`, {
      command,
      nextSteps: ['run it by hand to see why, or put another kubectl first on PATH'],
      cause: error,
    })
  }
}
