import { ApiError } from '../cluster/kube/api-errors.js'
import type { KubeApi } from '../cluster/kube/kube-api.js'
import { ENDPOINTS, type Endpoints, type Target } from '../cluster/kube/kube-types.js'
import { appPodsOf } from '../cluster/pods/app-pods.js'
import { versionPodsOf } from '../cluster/pods/pods.js'
import { listAppObjects } from '../cluster/pods/workloads.js'
import type { ClusterObject } from '../cluster/ports/objects.js'
import type { VersionPods } from '../model/events/events.js'
import type { ObjectRef, Snapshot, SnapshotVersion } from '../model/results/diagnosis.js'

/** A verdict waits at most this long for its causes. */
const TIME_LIMIT_MS = 3000

/** Collects parts of a snapshot, and why some could not be read. */
export class Look {
  readonly couldNotLook: string[] = []
  readonly signal = AbortSignal.timeout(TIME_LIMIT_MS)
  private readonly late = new Promise<never>((_, reject) => {
    this.signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true })
  })

  constructor() {
    this.late.catch(() => undefined)
  }

  /** Resolves with the result, or undefined; never throws. */
  async at<T>(what: string, asked: Promise<T>): Promise<T | undefined> {
    asked.catch(() => undefined)
    try {
      return await Promise.race([asked, this.late])
    } catch (error) {
      this.couldNotLook.push(`${what}: ${reasonOf(error)}`)
      return undefined
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ApiError) return error.status === 403 ? 'forbidden' : `HTTP ${error.status}`
  return error instanceof Error ? error.message.split('\n')[0]! : String(error)
}

export async function findOrNull<T extends ClusterObject>(api: KubeApi, target: Target): Promise<T | null> {
  return (await api.find<T>(target)) ?? null
}

/**
 * The pods of an app's versions, with their addresses in the endpoints of their Service, and pods of others like them. All versions
 * are behind the app's own Service unless `serviceOf` names each one's.
 */
export async function lookAtVersions(
  api: KubeApi,
  { name, namespace }: ObjectRef,
  look: Look,
  serviceOf: (version: string) => Promise<string | undefined> = () => Promise.resolve(name),
): Promise<Pick<Snapshot, 'versions' | 'neighbours'>> {
  const release = { app: name, namespace }
  const objects = await look.at('pods', listAppObjects(api, release))
  if (!objects) return {}
  const found = new Map<string, Promise<Endpoints | undefined>>()
  const endpointsOf = async (version: string) => {
    const service = await serviceOf(version)
    if (service === undefined) return undefined
    const asked =
      found.get(service) ??
      look.at('endpoints', api.find<Endpoints>({ resource: ENDPOINTS, namespace, name: service }))
    found.set(service, asked)
    return asked
  }
  const { own, others } = appPodsOf(release, objects)
  const lookAt = async ({ version, ready, wanted, problems }: VersionPods): Promise<SnapshotVersion> => {
    const endpoints = await endpointsOf(version)
    const pods = own.filter((entry) => entry.version === version).flatMap((entry) => entry.pods)
    const names = new Set(pods.map(({ metadata }) => metadata.name))
    const count = (part: 'addresses' | 'notReadyAddresses') =>
      (endpoints?.subsets ?? [])
        .flatMap((subset) => subset[part] ?? [])
        .filter(({ targetRef }) => names.has(targetRef?.name ?? '')).length
    const reported = endpoints
      ? { endpoints: { ready: count('addresses'), notReady: count('notReadyAddresses') } }
      : {}
    return { version, ready, wanted, problems, ...reported }
  }
  return { versions: await Promise.all(versionPodsOf(own).map(lookAt)), neighbours: others }
}
