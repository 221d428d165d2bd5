import type { TypeDefinition } from './types.js'

/**
 * The checked part of Gloo's custom resources: the fields canary writes, with the limits of Gloo's own CRDs (a weight
 * is an unsigned 32-bit integer, a header's value a string). Everything else is stored unchecked.
 */
export const GLOO_TYPES: Record<string, TypeDefinition> = {
  'gloo.RouteTable': {
    fields: { metadata: 'meta.v1.ObjectMeta', spec: 'gloo.RouteTableSpec', status: 'gloo.Status' },
    open: true,
  },
  'gloo.VirtualService': {
    fields: { metadata: 'meta.v1.ObjectMeta', spec: 'gloo.VirtualServiceSpec', status: 'gloo.Status' },
    open: true,
  },
  'gloo.Upstream': {
    fields: { metadata: 'meta.v1.ObjectMeta', spec: 'gloo.UpstreamSpec', status: 'gloo.Status' },
    open: true,
  },
  'gloo.Status': { fields: { statuses: 'any' }, open: true },
  'gloo.RouteTableSpec': { fields: { routes: { list: 'gloo.Route' }, weight: 'int32' }, open: true },
  'gloo.VirtualServiceSpec': { fields: { virtualHost: 'gloo.VirtualHost' }, open: true },
  'gloo.VirtualHost': {
    fields: { domains: { list: 'string' }, routes: { list: 'gloo.Route' } },
    open: true,
  },
  'gloo.Route': {
    fields: {
      matchers: { list: 'gloo.Matcher' },
      routeAction: 'gloo.RouteAction',
      delegateAction: 'gloo.DelegateAction',
      options: 'any',
      name: 'string',
    },
    open: true,
  },
  'gloo.Matcher': {
    fields: {
      prefix: 'string',
      exact: 'string',
      regex: 'string',
      methods: { list: 'string' },
      headers: { list: 'gloo.HeaderMatcher' },
    },
    open: true,
  },
  'gloo.HeaderMatcher': {
    fields: { name: 'string', value: 'string', regex: 'boolean', invertMatch: 'boolean' },
    open: true,
  },
  'gloo.RouteAction': {
    fields: { single: 'gloo.Destination', multi: 'gloo.MultiDestination' },
    open: true,
  },
  'gloo.MultiDestination': { fields: { destinations: { list: 'gloo.WeightedDestination' } }, open: true },
  'gloo.WeightedDestination': {
    fields: {
      destination: 'gloo.Destination',
      weight: { integer: true, minimum: 0, maximum: 4_294_967_295 },
      options: 'any',
    },
    open: true,
  },
  'gloo.Destination': { fields: { upstream: 'gloo.ResourceRef', subset: 'gloo.Subset' }, open: true },
  'gloo.ResourceRef': { fields: { name: 'string', namespace: 'string' }, open: true },
  'gloo.Subset': { fields: { values: { map: 'string' } }, open: true },
  'gloo.DelegateAction': {
    fields: { ref: 'gloo.ResourceRef', selector: 'gloo.RouteTableSelector' },
    open: true,
  },
  'gloo.RouteTableSelector': {
    fields: { labels: { map: 'string' }, namespaces: { list: 'string' } },
    open: true,
  },
  'gloo.UpstreamSpec': { fields: { kube: 'gloo.KubeUpstream' }, open: true },
  'gloo.KubeUpstream': {
    fields: {
      serviceName: 'string',
      serviceNamespace: 'string',
      servicePort: { integer: true, minimum: 0, maximum: 4_294_967_295 },
      selector: { map: 'string' },
    },
    open: true,
  },
}
