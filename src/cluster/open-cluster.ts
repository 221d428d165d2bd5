import { ApiTransport, startApiProxy } from './api-transport.js'
import type { Cluster, ClusterOptions } from './cluster.js'
import { diagnose } from './diagnose.js'
import { createVirtualService, gatewayView } from './gateway.js'
import { Helm } from './helm.js'
import { KubeApi } from './kube-api.js'
import { listVersionPods, waitForPods, waitForPodsGone } from './pod-waits.js'
import { PrivateFolder } from './private-folder.js'
import { findProxyAddress } from './proxy-address.js'
import { findReleases, listReleases } from './releases.js'

/**
 * The real cluster, as helm and kubectl reach it. Nothing is started until it is needed: the first read starts the one
 * `kubectl proxy` that serves them all. Call `close` at the end.
 */
export function openCluster(options: ClusterOptions = {}): Cluster {
  const folder = new PrivateFolder()
  const api = new KubeApi(new ApiTransport(() => startApiProxy(options, folder)))
  const helm = new Helm(options, folder)
  const { signal } = options
  const proxyAddress = () => findProxyAddress(api, options)
  return {
    findReleases: (app, namespace) => findReleases(api, app, namespace),
    listReleases: (namespace) => listReleases(api, namespace),
    render: (request) => helm.render(request),
    install: (request) => helm.install(request),
    upgrade: (request) => helm.upgrade(request),
    versionPods: (app, namespace) => listVersionPods(api, app, namespace),
    waitForPods: (app, namespace, versions, timeoutMs, report) =>
      waitForPods(api, { app, namespace, versions, timeoutMs, signal }, report),
    waitForPodsGone: (app, namespace, versions, timeoutMs) =>
      waitForPodsGone(api, { app, namespace, versions, timeoutMs, signal }),
    gateway: () => gatewayView(api),
    createVirtualService: (apiGroup) => createVirtualService(api, apiGroup),
    proxyAddress,
    diagnose: (namespace) => diagnose({ api, helm, proxyAddress }, namespace),
    close: async () => {
      await api.close()
      folder.close()
    },
  }
}
