import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { UsageError } from '../model/errors.js'
import type { ClusterOptions, PinnedCluster } from './options.js'
import { kubectlFlags } from './kube/kubectl.js'

/** Variables by which helm alone, not kubectl, would go to another cluster or be another user. */
const HELM_ONLY = [
  'HELM_KUBEAPISERVER',
  'HELM_KUBETOKEN',
  'HELM_KUBEASUSER',
  'HELM_KUBEASGROUPS',
  'HELM_KUBECAFILE',
  'HELM_KUBETLS_SERVER_NAME',
]

/**
 * The user's choice of a cluster in a form that helm and kubectl understand alike: what is read must be what is
 * changed. Helm's HELM_KUBECONTEXT counts where no context is given; throws UsageError for those only helm knows.
 */
export function sameForBoth(options: ClusterOptions, env: NodeJS.ProcessEnv = process.env): ClusterOptions {
  const set = HELM_ONLY.filter((name) => env[name])
  if (set.length > 0) {
    throw new UsageError(`${set.join(' and ')} would send helm to the cluster in another way than kubectl.`, {
      state:
        'Nothing was changed: canary reads through kubectl and changes through helm, and needs them to agree.',
      nextSteps: [`unset ${set.join(' ')}, and put it into a context of the kubeconfig (--kube-context)`],
    })
  }
  return { ...options, kubeContext: options.kubeContext ?? (env.HELM_KUBECONTEXT || undefined) }
}

/** What is looked at of `kubectl config view --minify`. */
interface View {
  'current-context'?: string
  clusters?: { cluster?: { server?: string } }[] | null
  users?: { user?: { exec?: { command?: string } } }[] | null
}

/**
 * The same choice with the context named that is current now, and what the kubeconfig says of it: somebody who switches
 * contexts in another terminal must not send the rest of this command to another cluster. kubectl reads the kubeconfig,
 * so that lists of files (KUBECONFIG) count as they do for kubectl and helm.
 */
export async function pinCluster(options: ClusterOptions): Promise<PinnedCluster> {
  try {
    const args = ['config', 'view', '--minify', '-o', 'json', ...kubectlFlags(options)]
    const { stdout } = await promisify(execFile)('kubectl', args)
    const view = JSON.parse(stdout) as View
    const { server } = view.clusters?.[0]?.cluster ?? {}
    return {
      ...options,
      kubeContext: options.kubeContext ?? (view['current-context'] || undefined),
      serverPath: server === undefined ? undefined : pathOfServer(server),
      loginCommand: view.users?.[0]?.user?.exec?.command || undefined,
    }
  } catch {
    // No context is set: inside a cluster, say. Or there is no kubectl, or no such context, which the first read says better.
    return options
  }
}

/** The path in a server's URL, without a slash at its end; undefined where it has none. Without a scheme it is http. */
function pathOfServer(server: string): string | undefined {
  const url = /^[a-z]+:\/\//i.test(server) ? server : `http://${server}`
  if (!URL.canParse(url)) return undefined
  return new URL(url).pathname.replace(/\/+$/, '') || undefined
}
