import type { KubeObject, ResourceType } from '../../../src/sandbox/api-server/objects.js'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import type { ObjectStore } from '../../../src/sandbox/api-server/store.js'

/** Creates or replaces an object. */
export function put(store: ObjectStore, resource: ResourceType, object: KubeObject): void {
  const current = store.get(resource, object.metadata.namespace, object.metadata.name)
  if (current) store.update(resource, { ...object, status: current.status })
  else store.create(resource, object)
}

/** A version of an app as the seed deploys it. */
export function deployment(
  app: string,
  version: string,
  replicas = 1,
  image = 'hashicorp/http-echo',
): KubeObject {
  const labels = { app, version }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `${app}-${version}`, namespace: app },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: `${app}-${version}`,
              image,
              args: [`-text=version:${app}-${version}`, '-listen=:8080'],
              ports: [{ containerPort: 8080 }],
            },
          ],
        },
      },
    },
  }
}

export function service(app: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: app, namespace: app },
    spec: { ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }], selector: { app } },
  }
}

export function upstream(
  app: string,
  changes: { servicePort?: number; fallbackPolicy?: string } = {},
): KubeObject {
  const { servicePort = 80, fallbackPolicy } = changes
  return {
    apiVersion: 'gloo.solo.io/v1',
    kind: 'Upstream',
    metadata: { name: app, namespace: app },
    spec: {
      kube: {
        selector: { app },
        serviceName: app,
        serviceNamespace: app,
        servicePort,
        subsetSpec: { selectors: [{ keys: ['version'] }], ...(fallbackPolicy ? { fallbackPolicy } : {}) },
      },
    },
  }
}

export function routeTable(app: string, routes: object[], labels = { apiGroup: 'example' }): KubeObject {
  return {
    apiVersion: 'gateway.solo.io/v1',
    kind: 'RouteTable',
    metadata: { name: `${app}-routes`, namespace: app, labels },
    spec: { routes },
  }
}

/** The VirtualService of the seed: everything below / is delegated to the tables of apiGroup example. */
export function virtualService(): KubeObject {
  return {
    apiVersion: 'gateway.solo.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'app', namespace: 'gloo-system' },
    spec: {
      virtualHost: {
        domains: ['*'],
        routes: [
          {
            matchers: [{ prefix: '/' }],
            delegateAction: { selector: { labels: { apiGroup: 'example' }, namespaces: ['*'] } },
          },
        ],
      },
    },
  }
}

/** A destination: one version of an app. */
export function to(app: string, version: string): object {
  return { upstream: { name: app, namespace: app }, subset: { values: { version } } }
}

export function single(app: string, version: string, matcher: object = { prefix: `/${app}` }): object {
  return { matchers: [matcher], routeAction: { single: to(app, version) } }
}

export function weighted(app: string, weights: Record<string, number>): object {
  return {
    matchers: [{ prefix: `/${app}` }],
    routeAction: {
      multi: {
        destinations: Object.entries(weights).map(([version, weight]) => ({
          destination: to(app, version),
          weight,
        })),
      },
    },
  }
}

export const headerRoute = single('echo', 'v2', {
  prefix: '/echo',
  headers: [{ name: 'stage', value: 'canary' }],
})

export const KINDS: Record<string, ResourceType> = Object.fromEntries(
  Object.values(RESOURCES).map((resource) => [resource.kind, resource]),
)
