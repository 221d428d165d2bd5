import { canaryCommand, commented, kubectlCommand } from '../../model/command-line.js'
import { ExternalError, UsageError } from '../../model/errors.js'
import type { JsonObject } from '../../model/values.js'
import { pinCluster } from '../chosen-cluster.js'
import type { ClusterOptions, PinnedCluster } from '../options.js'
import { KubectlEnded, kubectlFlags } from '../kube/kubectl.js'
import { runKubectl } from '../kube/kubectl-process.js'

/** A Deployment and the objects of its namespace that may belong to it. */
export interface FoundDeployment {
  deployment: JsonObject
  /** Services, HorizontalPodAutoscalers and PodDisruptionBudgets. */
  neighbours: JsonObject[]
  /** Objects of the requested kinds, of all namespaces; none of a kind that does not exist or may not be read. */
  routing: JsonObject[]
  /** Those of these kinds that could not be read. */
  unreadable: string[]
}

/** kubectl's names of the kinds. */
const NEIGHBOURS = {
  Service: 'services',
  HorizontalPodAutoscaler: 'horizontalpodautoscalers.autoscaling',
  PodDisruptionBudget: 'poddisruptionbudgets.policy',
}

/**
 * Reads a Deployment through kubectl; without a namespace, from that of its context. Throws UsageError if there is none
 * of that name, ExternalError if kubectl fails.
 */
export async function readDeployment(
  name: string,
  options: ClusterOptions & { namespace?: string },
  kinds: readonly { apiVersion: string; kind: string; plural: string }[],
): Promise<FoundDeployment> {
  const { namespace: asked, ...chosen } = options
  const cluster = await pinCluster(chosen)
  const deployment = await getJson(['deployment', name], { ...cluster, namespace: asked })
  const { namespace = asked } = deployment.metadata as { namespace?: string }
  const list = async (kind: string, words: string[], where: { namespace?: string }) => {
    try {
      const { items } = await getJson(words, { ...cluster, ...where })
      // Items of a list don't always have their kind.
      return Array.isArray(items) ? (items as JsonObject[]).map((item) => ({ ...item, kind })) : []
    } catch {
      return undefined
    }
  }
  const [near, routing] = await Promise.all([
    Promise.all(Object.entries(NEIGHBOURS).map(([kind, plural]) => list(kind, [plural], { namespace }))),
    Promise.all(
      kinds.map(({ apiVersion, kind, plural }) =>
        list(kind, [`${plural}.${apiVersion.replace(/\/.*$/, '')}`, '-A'], {}),
      ),
    ),
  ])
  const plurals = Object.values(NEIGHBOURS)
  const unreadable = plurals.filter((_plural, index) => near[index] === undefined)
  return {
    deployment,
    neighbours: near.flatMap((items) => items ?? []),
    routing: routing.flatMap((items) => items ?? []),
    unreadable: unreadable.map((plural) => `${plural.split('.')[0]} of namespace ${namespace}`),
  }
}

async function getJson(
  what: string[],
  { namespace, ...cluster }: PinnedCluster & { namespace?: string },
): Promise<JsonObject> {
  const args = ['get', ...what, '-o', 'json', ...(namespace ? ['-n', namespace] : [])]
  const command = ['kubectl', ...args, ...kubectlFlags(cluster)].join(' ')
  const failed = (why: string, details: { code?: number; stderr?: string; cause?: unknown }) =>
    new ExternalError(`Cannot read the Deployment: ${why}.`, {
      state: 'Nothing was written.',
      nextSteps: [commented(canaryCommand(['doctor']), 'checks what canary needs'), command],
      command,
      ...details,
    })
  const { code, stdout, stderr } = await runKubectl(args, cluster).catch((error: unknown) => {
    throw error instanceof KubectlEnded ? failed(error.stderr, { cause: error }) : error
  })
  if (/\(NotFound\)/.test(stderr)) {
    throw new UsageError(`Not found: ${what.join(' ')}${namespace ? ` in namespace ${namespace}` : ''}.`, {
      state: 'Nothing was written.',
      nextSteps: [
        commented(kubectlCommand(['get', 'deployments', '-A']), 'lists them all'),
        'name its namespace with -n',
      ],
    })
  }
  const said = code === 127 ? 'kubectl was not found' : stderr.trim().split('\n')[0]
  if (code !== 0) throw failed(said || `kubectl ended with ${code}`, { code, stderr })
  try {
    return JSON.parse(stdout) as JsonObject
  } catch (cause) {
    throw failed('kubectl did not print JSON', { code, stderr, cause })
  }
}
