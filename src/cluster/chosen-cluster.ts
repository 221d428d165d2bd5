import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { UsageError } from '../model/errors.js'
import type { ClusterOptions } from './cluster.js'
import { kubectlFlags } from './kubectl.js'

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

/**
 * The same choice with the context named that is current now: somebody who switches contexts in another terminal must
 * not send the rest of this command to another cluster.
 */
export async function withContextPinned(options: ClusterOptions): Promise<ClusterOptions> {
  if (options.kubeContext) return options
  try {
    const { stdout } = await promisify(execFile)('kubectl', [
      'config',
      'current-context',
      ...kubectlFlags(options),
    ])
    return { ...options, kubeContext: stdout.trim() || undefined }
  } catch {
    return options // none is set (or there is no kubectl, which the first read says better)
  }
}
