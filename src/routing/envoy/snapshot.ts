import type { Pod } from '../../cluster/kube/kube-types.js'
import { forwardPort } from '../../cluster/kube/port-forward.js'
import { isReady } from '../../cluster/pods/pods.js'
import type { PinnedCluster } from '../../cluster/options.js'
import type { ProxyAdmin, SnapshotProxy } from '../../model/results/diagnosis.js'
import type { Look } from '../snapshot.js'
import { ADMIN_PORT, readProxyAdmin } from './admin.js'

/** More proxies would show the same, and each needs a port-forward. */
const MOST_PROXIES = 3

/** The proxies, and what their admin interfaces report of an app; `cluster` is Envoy's name for it. */
export async function lookAtProxies(
  { pods, namespace, cluster }: { pods: Promise<Pod[]>; namespace: string; cluster: string },
  look: Look,
  options: PinnedCluster,
): Promise<SnapshotProxy[] | undefined> {
  const found = await look.at('proxies', pods)
  const ready = (found ?? []).filter(isReady).slice(0, MOST_PROXIES)
  const admins = await Promise.all(
    ready.map(async ({ metadata: { name: pod } }) => {
      const reading = readAdmin({ pod, namespace, cluster }, look.signal, options)
      return [pod, await look.at(`admin of proxy ${pod}`, reading)] as const
    }),
  )
  const reported = new Map(admins)
  return found?.map((pod) => {
    const admin = reported.get(pod.metadata.name)
    return { pod: pod.metadata.name, ready: isReady(pod), ...(admin ? { admin } : {}) }
  })
}

async function readAdmin(
  { pod, namespace, cluster }: { pod: string; namespace: string; cluster: string },
  signal: AbortSignal,
  options: PinnedCluster,
): Promise<ProxyAdmin> {
  const target = { namespace, target: `pod/${pod}`, port: ADMIN_PORT, scheme: 'http' as const }
  const way = await forwardPort(target, options)
  try {
    return await readProxyAdmin(way.origin, cluster, signal)
  } finally {
    await way.close()
  }
}
