import { commented, kubectlCommand } from '../model/command-line.js'
import { ExternalError } from '../model/errors.js'
import { ApiError } from './kube/api-errors.js'
import type { AppLock, LockRequest } from './ports/locks.js'
import type { PinnedCluster } from './options.js'
import type { KubeApi } from './kube/kube-api.js'
import { KubectlEnded } from './kube/kubectl.js'
import { runKubectl } from './kube/kubectl-process.js'
import { LEASES, NAMESPACES, SECRETS, type Target } from './kube/kube-types.js'
import { leaseName } from './lease/lease-object.js'
import { sleep } from '../lib/sleep.js'

/** Milliseconds between the tries of kubectl: an overloaded server may refuse one. */
const RETRY_PAUSES_MS = [100, 300, 900]

/**
 * Verifies that reads and helm reach the same cluster. Both use the same context of the same kubeconfig, but helm goes
 * through Kubernetes' client library and reads go through `kubectl proxy`, which treats the path of the server's URL
 * differently. So only a server with such a path needs the check: an object is read both ways, by the proxy and by
 * `kubectl get` (the library that helm uses too), and must have the same UID.
 */
export class OneCluster {
  private isVerified = false

  constructor(
    private readonly api: KubeApi,
    private readonly pin: () => Promise<PinnedCluster>,
  ) {}

  /** Takes the app's lock while the check runs; throws ExternalError, with the lock released, if it fails. */
  async provenWith(request: LockRequest, lockApp: () => Promise<AppLock>): Promise<AppLock> {
    const cluster = await this.pin()
    if (cluster.serverPath === undefined || this.isVerified) return lockApp()
    const byNamespace = this.isSame(cluster, { resource: NAMESPACES, name: 'kube-system' })
    byNamespace.catch(() => undefined) // the lock's own error comes first
    const lock = await lockApp()
    try {
      this.isVerified = (await byNamespace) || (await this.isSameForApp(cluster, request))
      if (!this.isVerified) throw notOneCluster(cluster)
      return lock
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  /** Checks an object in the app's namespace, for users who may read nothing else. */
  private async isSameForApp(cluster: PinnedCluster, { app, namespace }: LockRequest): Promise<boolean> {
    if (await this.isSame(cluster, { resource: LEASES, namespace, name: leaseName(app) })) return true
    const records = await readable(
      this.api.list({ resource: SECRETS, namespace }, { labelSelector: `owner=helm,name=${app}`, limit: 1 }),
    )
    const name = records?.items[0]?.metadata.name
    return name !== undefined && this.isSame(cluster, { resource: SECRETS, namespace, name })
  }

  /** Whether an object is the same both ways; false if it may not be read. Throws ExternalError if it differs. */
  private async isSame(cluster: PinnedCluster, target: Target): Promise<boolean> {
    const [object, other] = await Promise.all([readable(this.api.get(target)), uidByKubectl(cluster, target)])
    const uid = object?.metadata.uid
    if (uid === undefined || other.forbidden) return false
    if (uid === other.uid) return true
    throw differs(cluster, target, uid, other)
  }
}

/** Undefined if it may not be read, or does not exist. */
async function readable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return undefined
    throw error
  }
}

interface Other {
  command: string
  uid?: string
  forbidden?: boolean
  stderr: string
}

/** Not by `kubectl get --raw`, which drops the server's path itself. */
async function uidByKubectl(cluster: PinnedCluster, { resource, namespace, name }: Target): Promise<Other> {
  const [group] = resource.apiVersion.includes('/') ? resource.apiVersion.split('/') : []
  const kind = group === undefined ? resource.plural : `${resource.plural}.${group}`
  const where = namespace === undefined ? [] : ['-n', namespace]
  const args = ['get', kind, name ?? '', ...where, '-o', 'jsonpath={.metadata.uid}']
  const command = kubectlCommand(args)
  for (let attempt = 0; ; attempt += 1) {
    const { code, stdout, stderr } = await runKubectl(args, cluster).catch((error: unknown) => {
      if (error instanceof KubectlEnded) return { code: undefined, stdout: '', stderr: error.stderr }
      throw error
    })
    if (code === 0) return { command, uid: stdout.trim(), stderr }
    if (/\(Forbidden\)/.test(stderr)) return { command, forbidden: true, stderr }
    if (/\(NotFound\)/.test(stderr)) return { command, stderr }
    const wait = RETRY_PAUSES_MS[attempt]
    if (wait === undefined) {
      throw new ExternalError(
        `kubectl cannot read what canary reads: ${stderr.trim() || `exit code ${code}`}`,
        {
          command,
          code,
          stderr,
          nextSteps: [commented(command, 'check whether kubectl reaches the cluster')],
        },
      )
    }
    await sleep(wait, cluster.signal)
  }
}

function differs({ serverPath }: PinnedCluster, target: Target, uid: string, other: Other): ExternalError {
  const { resource, name = '' } = target
  return new ExternalError(
    `Reads and helm do not reach the same cluster: ${resource.plural} ${name} has the UID ${uid} as canary reads it, ` +
      `${other.uid ?? 'and is not there'} as helm would. The server in the kubeconfig has the path ${serverPath}.`,
    {
      state: 'Nothing was changed.',
      command: other.command,
      stderr: other.stderr,
      nextSteps: [
        commented(kubectlCommand(['config', 'view', '--minify']), 'shows the server'),
        'check whether something in between also serves the address without the path',
      ],
    },
  )
}

function notOneCluster({ serverPath }: PinnedCluster): ExternalError {
  return new ExternalError(
    `Cannot verify that reads and helm reach the same cluster: the server in the kubeconfig has the path ${serverPath}, ` +
      'and your user may read neither namespace kube-system nor a Lease or release record of the app.',
    {
      state: 'Nothing was changed.',
      nextSteps: ['ask for the permissions in docs/rbac.yaml: get on leases and secrets of the namespace'],
    },
  )
}
