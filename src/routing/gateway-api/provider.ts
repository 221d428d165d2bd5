import type { JsonObject } from '../../model/values.js'
import type { Finding } from '../../model/results/doctor.js'
import type { KubeAccess } from '../../cluster/open.js'
import type { ProxyAddress } from '../../cluster/kube/port-forward.js'
import { commented } from '../../model/command-line.js'
import { CanaryError, ExternalError } from '../../model/errors.js'
import type { ObjectRef } from '../../model/results/diagnosis.js'
import type { Proxies } from '../envoy/admins.js'
import { isKnown, type RoutingObject, refOf } from '../objects.js'
import type {
  GatewayChoice,
  Observed,
  RequestCounters,
  RoutedApp,
  RoutesView,
  RoutingProvider,
  VersionCounters,
} from '../provider.js'
import { podAddress, podsBehind, type ProxyService, readyNames } from '../proxies/proxy-service.js'
import { GATEWAY_API, textsOf, type Whereabouts } from './description.js'
import { classOf, controllerNameOf, findGateway, type Listener, listenerToProbe } from './gateway/gateways.js'
import { implementationOf } from './gateway/implementations.js'
import { HTTP_ROUTES } from './kinds.js'
import { gatewayAddress, proxyServiceOf } from './proxies.js'
import { hostOf, hostnamesOf, type ParentRef, parentsOfValues } from './values.js'
import { readRoutes } from './view.js'

/** The Gateway API in one cluster, for one app; without an app for the cluster's only Gateway. */
export class GatewayApiProvider implements RoutingProvider {
  private readonly known: Whereabouts = {}
  readonly description = { ...GATEWAY_API, texts: textsOf(this.known) }
  /** The first of several is the one that is probed. */
  private readonly parent: ParentRef | undefined

  constructor(
    private readonly kube: KubeAccess,
    private readonly app: RoutedApp = { values: {}, namespace: '' },
  ) {
    this.parent = parentsOfValues(app.values, app.namespace)[0]
  }

  isThere(): Promise<boolean> {
    return isKnown(this.kube.api, HTTP_ROUTES)
  }

  async preflight(): Promise<Finding[]> {
    const { preflight } = await import('./preflight.js')
    return preflight(this.kube.api, this.parent, () => this.proxyAddress())
  }

  view(): Promise<RoutesView> {
    return readRoutes(this.kube.api)
  }

  async gateways(namespace: string): Promise<GatewayChoice[]> {
    const { gatewayChoices } = await import('./gateway/choices.js')
    return gatewayChoices(this.kube.api, namespace)
  }

  async proxyAddress(): Promise<ProxyAddress> {
    const { gateway, listener } = await this.gateway()
    return gatewayAddress(this.kube.api, gateway, listener, await this.kube.options())
  }

  /** Also of a listener that may not be read: then the values alone decide. */
  async host(values: JsonObject): Promise<string | undefined> {
    try {
      const { listener } = await this.gateway(values)
      return hostOf(values, listener)
    } catch (error) {
      if (error instanceof CanaryError) return hostOf(values)
      throw error
    }
  }

  async proxyPods(): Promise<string[]> {
    return readyNames(await podsBehind(this.kube.api, await this.proxies()))
  }

  async proxyPodAddress(pod: string): Promise<ProxyAddress> {
    return podAddress(this.kube.api, await this.proxies(), pod, await this.kube.options())
  }

  async counters(app: ObjectRef): Promise<RequestCounters> {
    const { openCounters } = await import('./counters.js')
    const proxies = await this.countingProxies()
    return openCounters(this.kube.api, { app, proxies }, await this.kube.options())
  }

  async versionCounters(app: ObjectRef): Promise<VersionCounters> {
    const { openVersionCounters } = await import('../envoy/version-counters.js')
    const proxies = await this.countingProxies()
    return openVersionCounters(this.kube.api, app, proxies, await this.kube.options())
  }

  async snapshot(app: ObjectRef): Promise<Observed> {
    const { observeApp } = await import('./snapshot/snapshot.js')
    return observeApp(this.kube.api, app)
  }

  /** The Gateway and the listener to probe, and what is known of its implementation. */
  private async gateway(values = this.app.values): Promise<{ gateway: RoutingObject; listener: Listener }> {
    const { api } = this.kube
    const gateway = await findGateway(api, this.parent)
    const { namespace, name } = refOf(gateway)
    this.known.gateway = { namespace, name }
    this.known.implementation ??= implementationOf(controllerNameOf(await classOf(api, gateway)))
    const listener = listenerToProbe(gateway, this.parent, hostnamesOf(values))
    if (listener) return { gateway, listener }
    const { sectionName, port } = this.parent ?? {}
    const wanted =
      sectionName === undefined ? (port === undefined ? '' : ` at port ${port}`) : ` ${sectionName}`
    throw new ExternalError(`Gateway ${namespace}/${name} has no listener${wanted} for HTTP.`, {
      nextSteps: ['correct routes.gateway.sectionName or routes.gateway.port in the values'],
    })
  }

  /** The proxies whose counters can be read. Throws ExternalError if the implementation has none. */
  private async countingProxies(): Promise<Proxies> {
    const [{ namespace }, pods] = await Promise.all([this.proxies(), this.proxyPods()])
    const { implementation } = this.known
    if (implementation && implementation.adminPort === undefined)
      throw new ExternalError(
        `The proxies of ${implementation.product} have no counters that canary can read.`,
        {
          nextSteps: [commented(this.description.texts.proxyLogs, 'their own log and metrics show requests')],
        },
      )
    return { namespace, pods, port: implementation?.adminPort }
  }

  private async proxies(): Promise<ProxyService> {
    const { gateway, listener } = await this.gateway()
    const found = await proxyServiceOf(this.kube.api, gateway, listener)
    this.known.proxies = { namespace: found.namespace, name: found.name }
    return found
  }
}
