import type { Json, JsonObject } from '../../../../src/model/values.js'

/** A Deployment as the charts of the series make it, its container with other fields where they are given. */
export function seedDeployment(version: string, container: JsonObject = {}, replicas = 1): JsonObject {
  const labels = { app: 'echo', version }
  const own: JsonObject = {
    name: `echo-${version}`,
    image: 'hashicorp/http-echo',
    imagePullPolicy: 'Always',
    args: [`-text=version:echo-${version}`, '-listen=:8080'],
    ports: [{ containerPort: 8080 }],
    ...container,
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `echo-${version}`, namespace: 'echo' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [own] } },
    },
  }
}

/** Service, Upstream and RouteTable as the charts of the series make them. */
export function seedRouting(
  routes: Json[] = [seedRoute('/echo')],
  { servicePort = 8080 } = {},
): JsonObject[] {
  const metadata = { name: 'echo', namespace: 'echo' }
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: { app: 'echo' }, ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }] },
    },
    {
      apiVersion: 'gloo.solo.io/v1',
      kind: 'Upstream',
      metadata,
      spec: {
        kube: { serviceName: 'echo', servicePort, subsetSpec: { selectors: [{ keys: ['version'] }] } },
      },
    },
    {
      apiVersion: 'gateway.solo.io/v1',
      kind: 'RouteTable',
      metadata: { ...metadata, name: 'echo-routes', labels: { apiGroup: 'team' } },
      spec: { routes },
    },
  ]
}

/** A route; with `headers` the one that is made for the canary. */
export function seedRoute(prefix: string, headers: JsonObject = {}, more: JsonObject = {}): JsonObject {
  const list = Object.entries(headers).map(([name, value]) => ({ name, value }))
  return {
    matchers: [{ prefix, ...(list.length > 0 ? { headers: list } : {}) }],
    routeAction: { single: { upstream: { name: 'echo', namespace: 'echo' } } },
    ...more,
  }
}
