import type { Finding } from '../../model/results/doctor.js'
import type { KubeAccess } from '../../cluster/open.js'
import type { ProxyAddress } from '../../cluster/kube/port-forward.js'
import type { ObjectRef } from '../../model/results/diagnosis.js'
import type { JsonObject } from '../../model/values.js'
import type {
  GatewayChoice,
  Observed,
  RequestCounters,
  RoutesView,
  RoutingProvider,
  VersionCounters,
} from '../provider.js'
import { isKnown } from '../objects.js'
import { podAddress, readyNames } from '../proxies/proxy-service.js'
import { GLOO } from './description.js'
import { ROUTE_TABLES } from './kinds.js'
import { preflight } from './preflight.js'
import { findProxyAddress, listProxyPods, proxyService } from './proxies/address.js'
import { clusterOf, shadowClusterOf } from './proxies/cluster-names.js'
import { GLOO_NAMESPACE } from './shared-virtual-service.js'
import { readRoutes } from './view.js'

/** Gloo in one cluster. */
export class GlooProvider implements RoutingProvider {
  readonly description = GLOO

  constructor(private readonly kube: KubeAccess) {}

  isThere(): Promise<boolean> {
    return isKnown(this.kube.api, ROUTE_TABLES)
  }

  preflight(): Promise<Finding[]> {
    return preflight(this.kube.api, () => this.proxyAddress())
  }

  view(): Promise<RoutesView> {
    return readRoutes(this.kube.api)
  }

  gateways(): Promise<GatewayChoice[]> {
    return Promise.resolve([{ provider: GLOO.name, description: GLOO.texts.product }])
  }

  async proxyAddress(): Promise<ProxyAddress> {
    return findProxyAddress(this.kube.api, await this.kube.options())
  }

  host(values: JsonObject): Promise<string | undefined> {
    return Promise.resolve(GLOO.host(values))
  }

  async proxyPods(): Promise<string[]> {
    return readyNames(await listProxyPods(this.kube.api))
  }

  async proxyPodAddress(pod: string): Promise<ProxyAddress> {
    const { api } = this.kube
    return podAddress(api, await proxyService(api), pod, await this.kube.options())
  }

  async counters(app: ObjectRef): Promise<RequestCounters> {
    const { openEnvoyCounters } = await import('../envoy/counters.js')
    const request = {
      namespace: GLOO_NAMESPACE,
      pods: await this.proxyPods(),
      requests: [clusterOf(app)],
      copies: [shadowClusterOf(app)],
    }
    return openEnvoyCounters(request, await this.kube.options())
  }

  async versionCounters(app: ObjectRef): Promise<VersionCounters> {
    const { openVersionCounters } = await import('../envoy/version-counters.js')
    const proxies = { namespace: GLOO_NAMESPACE, pods: await this.proxyPods() }
    return openVersionCounters(this.kube.api, app, proxies, await this.kube.options())
  }

  async snapshot(app: ObjectRef): Promise<Observed> {
    const { observeApp } = await import('./snapshot/snapshot.js')
    return observeApp(this.kube.api, app, await this.kube.options())
  }
}
