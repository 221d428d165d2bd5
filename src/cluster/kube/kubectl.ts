import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { commented, kubectlCommand } from '../../model/command-line.js'
import { ExternalError } from '../../model/errors.js'
import type { ClusterOptions } from '../options.js'

/** kubectl's flags for the cluster the user chose. */
export function kubectlFlags({ kubeconfig, kubeContext }: ClusterOptions): string[] {
  return [
    ...(kubeconfig ? ['--kubeconfig', kubeconfig] : []),
    ...(kubeContext ? ['--context', kubeContext] : []),
  ]
}

/** How a kubectl ended that should have gone on. */
export class KubectlEnded extends Error {
  constructor(
    readonly code: number | undefined,
    readonly stderr: string,
  ) {
    super(stderr)
  }
}

/** The error of a kubectl that ended before it served: why, and what to do. */
export async function explainKubectl(
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
      `The kubeconfig has no context "${context}"${known.length > 0 ? ` (it has ${known.join(', ')})` : ''}.`,
      {
        ...details,
        nextSteps: ['name another with --kube-context', kubectlCommand(['config', 'get-contexts'])],
      },
    )
  }
  if (/error loading config file|stat .*: no such file|invalid configuration/.test(said)) {
    return new ExternalError(`kubectl cannot use the kubeconfig: ${said.replace(/^error: /, '')}.`, {
      ...details,
      nextSteps: ['name another file with --kubeconfig, or by the environment variable KUBECONFIG'],
    })
  }
  return new ExternalError(`kubectl ended: ${said || `exit code ${code}`}`, {
    ...details,
    nextSteps: [commented(kubectlCommand(['cluster-info']), 'check whether kubectl reaches the cluster')],
  })
}

function kubectlMissing(details: { command: string; code?: number; stderr?: string }): ExternalError {
  return new ExternalError('kubectl was not found on PATH: canary reaches the cluster through it.', {
    ...details,
    nextSteps: ['install kubectl (https://kubernetes.io/docs/tasks/tools/), or put its folder on PATH'],
  })
}

/** The contexts of a kubeconfig, by default the one that kubectl uses; empty if it cannot be read. */
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

/** The version of the kubectl on PATH, e.g. `v1.36.3`. Throws ExternalError if there is none. */
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
