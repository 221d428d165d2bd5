import type { ExternalError } from '../model/errors.js'
import type { ReleaseHistory, Revision } from '../model/release.js'
import { ApiTransport, startApiProxy } from './kube/api-transport.js'
import { pinCluster, sameForBoth } from './chosen-cluster.js'
import type { Cluster } from './port.js'
import type { ClusterOptions, PinnedCluster } from './options.js'
import type { RollbackRequest, UpgradeRequest } from './ports/releases.js'
import { permissionFindings, preflight } from './preflight.js'
import { Helm } from './helm/helm.js'
import { identity } from './kube/identity.js'
import { KubeApi } from './kube/kube-api.js'
import { CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS } from './kube/kube-types.js'
import { applyAsHelm, autoscalers, type CustomKinds, liveObjects } from './kube/live-objects.js'
import { lockApp } from './lease/lease.js'
import {
  allRunNotes,
  approvals,
  approve,
  clearWait,
  keepProofs,
  lockHolder,
  noteStart,
  noteWait,
  keepRollback,
  recordedProofs,
  recordedRollbacks,
  runNotes,
} from './lease/lease-notes.js'
import { OneCluster } from './one-cluster.js'
import { waitForPods, waitForPodsGone } from './pods/pod-waits.js'
import { PrivateFolder } from './private-folder.js'
import { secretsOf } from './helm/manifest-secrets.js'
import { findReleases, findRevision, isAppliedOnServer, listReleases } from './helm/releases.js'
import { helmRuns } from './helm/running-helm.js'
import { listWorkloads, removeDeployment } from './pods/workloads.js'

/** Kinds that pods may refer to. */
const REFERENCED = { Secret: SECRETS, ConfigMap: CONFIG_MAPS, ServiceAccount: SERVICE_ACCOUNTS }

/** Reads of the cluster's API, and how kubectl reaches it: for the routing provider. */
export interface KubeAccess {
  api: KubeApi
  options: () => Promise<PinnedCluster>
}

/** The cluster of one command, with the access that its routing provider needs. */
export type OpenCluster = Cluster & { kube: KubeAccess }

/**
 * The real cluster, as helm and kubectl reach it. Everything is started on demand: the first read starts the one
 * `kubectl proxy` for all. Call `close` at the end. Throws UsageError if helm and kubectl would not reach the same
 * cluster. `kinds` are the routing providers'.
 */
export function openCluster(options: ClusterOptions = {}, kinds: CustomKinds = {}): OpenCluster {
  const chosen = sameForBoth(options)
  let pinned: Promise<PinnedCluster> | undefined
  const pin = () => (pinned ??= pinCluster(chosen))
  const folder = new PrivateFolder()
  const api = new KubeApi(new ApiTransport(() => startApiProxy(chosen, pin, folder)))
  const oneCluster = new OneCluster(api, pin)
  const helm = new Helm(pin, folder)
  const { signal, secrets, warn } = options
  const learnt = new Set<string>()
  const learnFrom = async (...revisions: (Revision | undefined)[]) => {
    if (!secrets) return
    for (const revision of revisions) {
      if (!revision) continue
      const { name, namespace, revision: number, updated, config, chart, manifest } = revision
      const key = `${namespace}/${name} ${number} ${updated}`
      if (learnt.has(key)) continue
      learnt.add(key)
      secrets.learn([config, chart.values, await secretsOf(manifest)])
    }
  }
  const found = async (histories: ReleaseHistory[]) => {
    await learnFrom(...histories.flatMap(({ deployed, newest }) => [deployed, newest]))
    return histories
  }
  /** Anybody can label a Secret as a release's: an unreadable one elsewhere is reported once, and stops nobody. */
  const named = new Set<string>()
  const unreadable = ({ message }: ExternalError) => {
    if (!named.has(message)) warn?.(`left out: ${message}`)
    named.add(message)
  }
  /** `--force-conflicts` of Helm 4 is valid only with server-side apply. */
  const forces = async (request: UpgradeRequest | RollbackRequest) =>
    request.takeOver === true && (await isAppliedOnServer(api, request))
  return {
    findReleases: async (app, namespace) => found(await findReleases(api, app, namespace, unreadable)),
    findRevision: async (app, namespace, number) => {
      const revision = await findRevision(api, app, namespace, number)
      await learnFrom(revision)
      return revision
    },
    listReleases: async (namespace) => found(await listReleases(api, namespace, unreadable)),
    chartFolder: (chart, version) => helm.chartFolder(chart, version),
    render: (request) => {
      // An upgrade was rendered before this; an install has nothing to compare with.
      secrets?.learn(request.values)
      return helm.render(request)
    },
    install: (request) => {
      secrets?.learn(request.values)
      return helm.install(request)
    },
    upgrade: async (request) => helm.upgrade({ ...request, takeOver: await forces(request) }),
    rollback: async (request) => helm.rollback({ ...request, takeOver: await forces(request) }),
    keepReplicas: async (request) => {
      const { keepReplicas } = await import('./helm/keep-replicas.js')
      return keepReplicas(api, request)
    },
    uninstall: (app, namespace) => helm.uninstall(app, namespace),
    removeDeployment: (name, release) => removeDeployment(api, name, release),
    lock: (request) => oneCluster.provenWith(request, () => lockApp(api, request)),
    recordedProofs: (app, namespace) => recordedProofs(api, app, namespace),
    keepProof: (app, namespace, proof) => keepProofs(api, app, namespace, [proof]),
    recordedRollbacks: (app, namespace) => recordedRollbacks(api, app, namespace),
    keepRollback: (app, namespace, rollback) => keepRollback(api, app, namespace, rollback),
    lockHolder: (app, namespace) => lockHolder(api, app, namespace),
    runNotes: (app, namespace) => runNotes(api, app, namespace),
    allRunNotes: (namespace) => allRunNotes(api, namespace),
    noteWait: (app, namespace, wait) => noteWait(api, app, namespace, wait),
    clearWait: (app, namespace, run) => clearWait(api, app, namespace, run),
    noteStart: (app, namespace, start) => noteStart(api, app, namespace, start),
    identity: () => identity(api),
    approvals: (app, namespace) => approvals(api, app, namespace),
    approve: (app, namespace, approval) => approve(api, app, namespace, approval),
    helmRuns: (app, namespace) => helmRuns(app, namespace),
    versionPods: async (app, namespace) => (await listWorkloads(api, { app, namespace })).own,
    workloads: (app, namespace) => listWorkloads(api, { app, namespace }),
    waitForPods: (app, namespace, versions, timeoutMs, report) =>
      waitForPods(api, { app, namespace, versions, timeoutMs, signal }, report),
    waitForPodsGone: (app, namespace, versions, timeoutMs) =>
      waitForPodsGone(api, { app, namespace, versions, timeoutMs, signal }),
    liveObjects: (names, namespace) => liveObjects(api, names, namespace, kinds),
    hasObject: (kind, name, namespace) => api.exists({ resource: REFERENCED[kind], namespace, name }),
    autoscalers: (namespace) => autoscalers(api, namespace),
    applyAsHelm: (object, release) => applyAsHelm(api, object, release, kinds),
    preflight: () => preflight(api, helm),
    permissions: (namespace, more) => permissionFindings(api, namespace, more),
    kube: { api, options: pin },
    close: async () => {
      await api.close()
      folder.close()
    },
  }
}
