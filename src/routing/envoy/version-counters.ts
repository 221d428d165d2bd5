import type { KubeApi } from '../../cluster/kube/kube-api.js'
import type { PinnedCluster } from '../../cluster/options.js'
import { appPodsOf } from '../../cluster/pods/app-pods.js'
import { listAppObjects } from '../../cluster/pods/workloads.js'
import type { ObjectRef } from '../../model/results/diagnosis.js'
import type { VersionCounters } from '../provider.js'
import { type HostRequests, readHostRequests } from './admin.js'
import { openAdmins, type Proxies } from './admins.js'

/**
 * Counters of all proxies by version: Envoy counts requests to each address, and the addresses are those of pods. So the
 * names that an implementation gives its clusters do not matter. Throws ExternalError if a proxy is out of reach.
 */
export async function openVersionCounters(
  api: KubeApi,
  { name, namespace }: ObjectRef,
  proxies: Proxies,
  options: PinnedCluster,
): Promise<VersionCounters> {
  const admins = await openAdmins(proxies, options)
  /** Kept after a pod has gone: its last requests are its version's. */
  const versions = new Map<string, string>()
  const learnPods = async () => {
    const release = { app: name, namespace }
    const { own } = appPodsOf(release, await listAppObjects(api, release))
    for (const { version, pods } of own)
      for (const { status } of pods) if (status?.podIP !== undefined) versions.set(status.podIP, version)
  }
  const read = async () => {
    await learnPods()
    return admins.each(readHostRequests)
  }
  let before: HostRequests[]
  try {
    before = await read()
  } catch (error) {
    await admins.close()
    throw error
  }
  return {
    async since() {
      const now = await read()
      const added = now.map((hosts, index) => increase(before[index]!, hosts, versions))
      before = now
      return sumOf(added)
    },
    close: () => admins.close(),
  }
}

/** Requests to each version between two readings of one proxy; undefined if an address went, or was counted anew. */
export function increase(
  before: HostRequests,
  now: HostRequests,
  versions: ReadonlyMap<string, string>,
): Record<string, number> | undefined {
  const added: Record<string, number> = {}
  const versionOf = (key: string) => versions.get(before.get(key)?.ip ?? now.get(key)?.ip ?? '')
  for (const key of new Set([...before.keys(), ...now.keys()])) {
    const version = versionOf(key)
    if (version === undefined) continue
    const requests = (now.get(key)?.requests ?? -1) - (before.get(key)?.requests ?? 0)
    if (requests < 0) return undefined
    added[version] = (added[version] ?? 0) + requests
  }
  return added
}

function sumOf(parts: (Record<string, number> | undefined)[]): Record<string, number> | undefined {
  const sum: Record<string, number> = {}
  for (const part of parts) {
    if (!part) return undefined
    for (const [version, count] of Object.entries(part)) sum[version] = (sum[version] ?? 0) + count
  }
  return sum
}
