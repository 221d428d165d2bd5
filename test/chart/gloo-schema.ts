import type { FieldSchema, TypeDefinition } from '../../src/sandbox/api-server/schema/types.js'

const PERCENT = { integer: true, minimum: 0, maximum: 100 } as const
const PORT = { integer: true, minimum: 1, maximum: 65_535 } as const
const strings: FieldSchema = { list: 'string' }

/**
 * Gloo's custom resources as far as the chart and its users' options write them, with no field left open: what is not
 * here is a mistake, or has to be added. The CRDs themselves leave unknown fields out without a word.
 */
export const GLOO_SCHEMA: Record<string, TypeDefinition> = {
  'gloo.RouteTable': kind('gloo.RouteTableSpec'),
  'gloo.VirtualService': kind('gloo.VirtualServiceSpec'),
  'gloo.Upstream': kind('gloo.UpstreamSpec'),

  'gloo.RouteTableSpec': { fields: { routes: { list: 'gloo.Route' } }, required: ['routes'] },
  'gloo.Route': {
    fields: {
      matchers: { list: 'gloo.Matcher' },
      options: 'gloo.RouteOptions',
      routeAction: 'gloo.RouteAction',
      delegateAction: 'gloo.DelegateAction',
    },
    required: ['matchers'],
  },
  'gloo.Matcher': {
    fields: {
      prefix: 'string',
      exact: 'string',
      regex: 'string',
      methods: strings,
      headers: { list: 'gloo.HeaderMatcher' },
      queryParameters: { list: 'gloo.QueryMatcher' },
    },
  },
  'gloo.HeaderMatcher': {
    fields: { name: 'string', value: 'string', regex: 'boolean', invertMatch: 'boolean' },
    required: ['name'],
  },
  'gloo.QueryMatcher': {
    fields: { name: 'string', value: 'string', regex: 'boolean' },
    required: ['name'],
  },
  'gloo.RouteAction': { fields: { single: 'gloo.Destination', multi: 'gloo.MultiDestination' } },
  'gloo.MultiDestination': {
    fields: { destinations: { list: 'gloo.WeightedDestination' } },
    required: ['destinations'],
  },
  'gloo.WeightedDestination': {
    fields: {
      destination: 'gloo.Destination',
      weight: PERCENT,
      options: 'gloo.WeightedDestinationOptions',
    },
    required: ['destination', 'weight'],
  },
  'gloo.WeightedDestinationOptions': { fields: { headerManipulation: 'gloo.HeaderManipulation' } },
  // A destination without a subset is answered 503 where the Upstream's fallback policy is NO_FALLBACK.
  'gloo.Destination': {
    fields: { upstream: 'gloo.ResourceRef', subset: 'gloo.Subset' },
    required: ['upstream', 'subset'],
  },
  'gloo.ResourceRef': {
    fields: { name: 'string', namespace: 'string' },
    required: ['name', 'namespace'],
  },
  'gloo.Subset': { fields: { values: { map: 'string' } }, required: ['values'] },
  'gloo.DelegateAction': { fields: { ref: 'gloo.ResourceRef' }, required: ['ref'] },

  'gloo.RouteOptions': {
    fields: {
      timeout: 'string',
      retries: 'gloo.Retries',
      prefixRewrite: 'string',
      regexRewrite: 'gloo.RegexRewrite',
      hostRewrite: 'string',
      cors: 'gloo.Cors',
      headerManipulation: 'gloo.HeaderManipulation',
      shadowing: 'gloo.Shadowing',
    },
  },
  'gloo.Retries': {
    fields: {
      retryOn: 'string',
      numRetries: { integer: true, minimum: 0, maximum: 4_294_967_295 },
      perTryTimeout: 'string',
    },
  },
  'gloo.RegexRewrite': { fields: { pattern: 'gloo.Pattern', substitution: 'string' } },
  'gloo.Pattern': { fields: { regex: 'string', googleRe2: 'any' }, required: ['regex'] },
  'gloo.Cors': {
    fields: {
      allowOrigin: strings,
      allowOriginRegex: strings,
      allowMethods: strings,
      allowHeaders: strings,
      exposeHeaders: strings,
      maxAge: 'string',
      allowCredentials: 'boolean',
      disableForRoute: 'boolean',
    },
  },
  'gloo.HeaderManipulation': {
    fields: {
      requestHeadersToAdd: { list: 'gloo.HeaderOption' },
      requestHeadersToRemove: strings,
      responseHeadersToAdd: { list: 'gloo.HeaderOption' },
      responseHeadersToRemove: strings,
    },
  },
  'gloo.HeaderOption': {
    fields: { header: 'gloo.Header', headerSecretRef: 'gloo.ResourceRef', append: 'boolean' },
  },
  'gloo.Header': { fields: { key: 'string', value: 'string' }, required: ['key'] },
  'gloo.Shadowing': {
    fields: { upstream: 'gloo.ResourceRef', percentage: 'number' },
    required: ['upstream', 'percentage'],
  },

  'gloo.VirtualServiceSpec': {
    fields: { virtualHost: 'gloo.VirtualHost', sslConfig: 'gloo.SslConfig' },
    required: ['virtualHost'],
  },
  'gloo.VirtualHost': {
    fields: { domains: strings, routes: { list: 'gloo.Route' }, options: 'gloo.VirtualHostOptions' },
    required: ['domains', 'routes'],
  },
  'gloo.VirtualHostOptions': {
    fields: {
      cors: 'gloo.Cors',
      headerManipulation: 'gloo.HeaderManipulation',
      retries: 'gloo.Retries',
    },
  },
  'gloo.SslConfig': {
    fields: {
      secretRef: 'gloo.ResourceRef',
      sniDomains: strings,
      oneWayTls: 'boolean',
      parameters: 'any',
      verifySubjectAltName: strings,
      alpnProtocols: strings,
    },
  },

  'gloo.UpstreamSpec': { fields: { kube: 'gloo.KubeUpstream' }, required: ['kube'] },
  'gloo.KubeUpstream': {
    fields: {
      serviceName: 'string',
      serviceNamespace: 'string',
      servicePort: PORT,
      selector: { map: 'string' },
      subsetSpec: 'gloo.SubsetSpec',
    },
    required: ['serviceName', 'serviceNamespace', 'servicePort'],
  },
  'gloo.SubsetSpec': {
    fields: { selectors: { list: 'gloo.SubsetSelector' }, fallbackPolicy: 'string' },
    required: ['selectors'],
  },
  'gloo.SubsetSelector': { fields: { keys: strings }, required: ['keys'] },
}

function kind(spec: string): TypeDefinition {
  return {
    fields: { apiVersion: 'string', kind: 'string', metadata: 'meta.v1.ObjectMeta', spec },
    required: ['metadata', 'spec'],
  }
}
