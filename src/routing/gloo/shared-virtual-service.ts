/** The namespace of Gloo and its proxy. */
export const GLOO_NAMESPACE = 'gloo-system'
/** The Service of the proxies, and their Deployment. */
export const PROXY_SERVICE = 'gateway-proxy'

/**
 * The VirtualService of the seed's procedure: every domain and path, delegated to the RouteTables of all namespaces
 * with this apiGroup label.
 */
export function sharedVirtualService(apiGroup: string) {
  return {
    apiVersion: 'gateway.solo.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'app', namespace: GLOO_NAMESPACE },
    spec: {
      virtualHost: {
        domains: ['*'],
        routes: [
          {
            matchers: [{ prefix: '/' }],
            delegateAction: { selector: { labels: { apiGroup }, namespaces: ['*'] } },
          },
        ],
      },
    },
  }
}
