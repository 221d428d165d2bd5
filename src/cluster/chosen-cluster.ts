import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ExternalError, UsageError } from '../model/errors.js'
import type { ClusterOptions, PinnedCluster } from './options.js'
import { kubectlFlags } from './kube/kubectl.js'

/** Variables that would send only helm, not kubectl, to another cluster or user. */
const HELM_ONLY = [
  'HELM_KUBEAPISERVER',
  'HELM_KUBETOKEN',
  'HELM_KUBEASUSER',
  'HELM_KUBEASGROUPS',
  'HELM_KUBECAFILE',
  'HELM_KUBETLS_SERVER_NAME',
]

/**
 * The user's choice of a cluster in a form that helm and kubectl both understand: canary must change what it reads.
 * Without a context, Helm's HELM_KUBECONTEXT counts; throws UsageError for variables that only helm knows.
 */
export function sameForBoth(options: ClusterOptions, env: NodeJS.ProcessEnv = process.env): ClusterOptions {
  const set = HELM_ONLY.filter((name) => env[name])
  if (set.length > 0) {
    throw new UsageError(`${set.join(' and ')} would make helm reach the cluster differently from kubectl.`, {
      state:
        'Nothing was changed: canary reads through kubectl and changes through helm, and needs them to agree.',
      nextSteps: [
        `unset ${set.join(' ')}, and set it in a context of the kubeconfig instead (--kube-context)`,
      ],
    })
  }
  return { ...options, kubeContext: options.kubeContext ?? (env.HELM_KUBECONTEXT || undefined) }
}

/** A kubeconfig that never ends, such as a device, would fill the memory. */
const READ_LIMIT_MS = 30_000

/** The fields of `kubectl config view --minify` that are read here. */
interface View {
  'current-context'?: string
  clusters?: { cluster?: { server?: string } }[] | null
  users?: { user?: { exec?: { command?: string } } }[] | null
}

/**
 * The same choice with the current context pinned, and what the kubeconfig has about it: switching contexts in another
 * terminal must not send the rest of this command to another cluster. kubectl reads the kubeconfig, so that a list of
 * files (KUBECONFIG) is merged as kubectl and helm do it.
 */
export async function pinCluster(options: ClusterOptions): Promise<PinnedCluster> {
  try {
    const args = ['config', 'view', '--minify', '-o', 'json', ...kubectlFlags(options)]
    const limits = { timeout: READ_LIMIT_MS, killSignal: 'SIGKILL' as const, signal: options.signal }
    const { stdout } = await promisify(execFile)('kubectl', args, limits)
    const view = JSON.parse(stdout) as View
    const { server } = view.clusters?.[0]?.cluster ?? {}
    return {
      ...options,
      kubeContext: options.kubeContext ?? (view['current-context'] || undefined),
      serverPath: server === undefined ? undefined : pathOfServer(server),
      loginCommand: view.users?.[0]?.user?.exec?.command || undefined,
    }
  } catch (error) {
    if (options.signal?.aborted) throw error
    if ((error as { killed?: boolean }).killed)
      throw new ExternalError(`kubectl could not read the kubeconfig within ${READ_LIMIT_MS / 1000} s.`, {
        command: ['kubectl', 'config', 'view', '--minify', ...kubectlFlags(options)].join(' '),
        nextSteps: ['name a kubeconfig file with --kubeconfig or KUBECONFIG'],
      })
    // No context is set, for example inside a cluster; or kubectl or the context is missing, which the first read
    // reports better.
    return options
  }
}

/** The path in a server's URL, without a trailing slash; undefined without one. A server without a scheme is http. */
function pathOfServer(server: string): string | undefined {
  const url = /^[a-z]+:\/\//i.test(server) ? server : `http://${server}`
  if (!URL.canParse(url)) return undefined
  return new URL(url).pathname.replace(/\/+$/, '') || undefined
}
