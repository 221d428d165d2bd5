import { ExternalError } from '../../../src/model/errors.js'
import type { ObjectRef } from '../../../src/model/results/diagnosis.js'
import { GLOO } from '../../../src/routing/gloo/description.js'
import type { GlooObject } from '../../../src/routing/gloo/objects/gloo-object.js'
import { GlooView } from '../../../src/routing/gloo/view.js'
import type {
  Observed,
  RequestCounters,
  Routing,
  RoutingProvider,
  VersionCounters,
} from '../../../src/routing/provider.js'
import type { ModelCluster } from './cluster.js'

/** Gloo in the model: the provider of every app. */
export class ModelRouting implements Routing, RoutingProvider {
  readonly description = GLOO
  /** Kinds that may not be listed. */
  readonly hidden: string[] = []

  constructor(private readonly cluster: ModelCluster) {}

  of(): RoutingProvider {
    return this
  }

  present() {
    return Promise.resolve([this])
  }

  isThere() {
    return Promise.resolve(true)
  }

  preflight() {
    return Promise.resolve([])
  }

  view() {
    const { world } = this.cluster
    const virtualServices = world.virtualServices as unknown as GlooObject[]
    const routeTables = world.routeTables as unknown as GlooObject[]
    const create = (apiGroup: string) => this.createVirtualService(apiGroup)
    return Promise.resolve(new GlooView({ virtualServices, routeTables }, this.hidden, create))
  }

  gateways() {
    return Promise.resolve([{ provider: 'gloo' as const, description: 'Gloo' }])
  }

  host() {
    return Promise.resolve(undefined)
  }

  proxyPods() {
    return Promise.resolve(['gateway-proxy-1'])
  }

  counters(_app: ObjectRef): Promise<RequestCounters> {
    return Promise.reject(new Error('the model has no shadows'))
  }

  versionCounters(_app: ObjectRef): Promise<VersionCounters> {
    return Promise.reject(new ExternalError('the model has no counters'))
  }

  proxyPodAddress(_pod: string) {
    return this.proxyAddress()
  }

  proxyAddress() {
    return Promise.resolve({
      origin: 'http://127.0.0.1:8080',
      source: 'the model',
      close: () => {
        this.cluster.calls.push('close the way to the proxy')
        return Promise.resolve()
      },
    })
  }

  /** Nothing is to be seen around the model. */
  snapshot(app: ObjectRef): Promise<Observed> {
    const rules = { routes: [], backends: [], proxies: [], rival: '' }
    return Promise.resolve({ snapshot: { ...app, couldNotLook: [] }, rules })
  }

  private createVirtualService(apiGroup: string): Promise<void> {
    this.cluster.calls.push(`create VirtualService for ${apiGroup}`)
    const routes = [{ delegateAction: { selector: { labels: { apiGroup }, namespaces: ['*'] } } }]
    this.cluster.world.virtualServices.push({
      kind: 'VirtualService',
      metadata: { name: 'app', namespace: 'gloo-system' },
      spec: { virtualHost: { routes } },
    })
    return Promise.resolve()
  }
}
