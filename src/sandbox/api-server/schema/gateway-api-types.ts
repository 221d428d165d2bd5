import type { FieldSchema, TypeDefinition } from './types.js'

type Types = Record<string, TypeDefinition>

const P = 'gateway-api.'
const listOf = (type: string): FieldSchema => ({ list: `${P}${type}` })

/** A kind with metadata, spec and status. */
function kind(spec: string, status?: string): TypeDefinition {
  return {
    fields: {
      apiVersion: 'string',
      kind: 'string',
      metadata: 'meta.v1.ObjectMeta',
      spec: `${P}${spec}`,
      ...(status === undefined ? {} : { status: `${P}${status}` }),
    },
  }
}

const PORT: FieldSchema = { integer: true, minimum: 1, maximum: 65_535 }
const PARENT_REFERENCE: Record<string, FieldSchema> = {
  group: 'string',
  kind: 'string',
  namespace: 'string',
  name: 'string',
  sectionName: 'string',
  port: PORT,
}
const BACKEND_OBJECT: Record<string, FieldSchema> = {
  group: 'string',
  kind: 'string',
  name: 'string',
  namespace: 'string',
  port: PORT,
}
const CONDITIONS: FieldSchema = { list: `${P}Condition`, keys: ['type'] }
const NAMED = (type: string): FieldSchema => ({ list: `${P}${type}`, keys: ['name'] })
const FILTER_FIELDS: Record<string, FieldSchema> = {
  type: 'string',
  requestHeaderModifier: `${P}HeaderModifier`,
  responseHeaderModifier: `${P}HeaderModifier`,
  requestMirror: `${P}RequestMirror`,
  requestRedirect: `${P}RequestRedirect`,
  urlRewrite: `${P}URLRewrite`,
  cors: `${P}CORS`,
  extensionRef: `${P}LocalReference`,
}

/** The kinds of the Gateway API's standard channel, as version 1.6 has them. */
const STANDARD: Types = {
  GatewayClass: kind('GatewayClassSpec', 'GatewayClassStatus'),
  GatewayClassSpec: {
    fields: { controllerName: 'string', description: 'string', parametersRef: `${P}ParametersReference` },
    required: ['controllerName'],
  },
  GatewayClassStatus: { fields: { conditions: CONDITIONS, supportedFeatures: NAMED('SupportedFeature') } },
  SupportedFeature: { fields: { name: 'string' } },
  ParametersReference: {
    fields: { group: 'string', kind: 'string', name: 'string', namespace: 'string' },
  },

  Gateway: kind('GatewaySpec', 'GatewayStatus'),
  GatewaySpec: {
    fields: {
      gatewayClassName: 'string',
      listeners: NAMED('Listener'),
      addresses: listOf('Address'),
      infrastructure: `${P}Infrastructure`,
      allowedListeners: 'any',
      tls: 'any',
    },
    required: ['gatewayClassName', 'listeners'],
  },
  Address: { fields: { type: 'string', value: 'string' } },
  Infrastructure: {
    fields: {
      labels: { map: 'string' },
      annotations: { map: 'string' },
      parametersRef: `${P}ParametersReference`,
    },
  },
  Listener: {
    fields: {
      name: 'string',
      hostname: 'string',
      port: PORT,
      protocol: 'string',
      tls: `${P}ListenerTLS`,
      allowedRoutes: `${P}AllowedRoutes`,
    },
    required: ['name', 'port', 'protocol'],
  },
  ListenerTLS: {
    fields: {
      mode: 'string',
      certificateRefs: listOf('SecretReference'),
      options: { map: 'string' },
    },
  },
  SecretReference: { fields: { group: 'string', kind: 'string', name: 'string', namespace: 'string' } },
  AllowedRoutes: { fields: { namespaces: `${P}RouteNamespaces`, kinds: listOf('RouteGroupKind') } },
  RouteNamespaces: { fields: { from: 'string', selector: 'meta.v1.LabelSelector' } },
  RouteGroupKind: { fields: { group: 'string', kind: 'string' } },
  GatewayStatus: {
    fields: {
      addresses: listOf('Address'),
      conditions: CONDITIONS,
      listeners: NAMED('ListenerStatus'),
      attachedListenerSets: 'int32',
    },
  },
  ListenerStatus: {
    fields: {
      name: 'string',
      supportedKinds: listOf('RouteGroupKind'),
      attachedRoutes: 'int32',
      conditions: CONDITIONS,
    },
  },

  HTTPRoute: kind('HTTPRouteSpec', 'RouteStatus'),
  HTTPRouteSpec: {
    fields: {
      parentRefs: listOf('ParentReference'),
      hostnames: { list: 'string' },
      rules: listOf('HTTPRouteRule'),
    },
  },
  ParentReference: { fields: PARENT_REFERENCE, required: ['name'] },
  HTTPRouteRule: {
    fields: {
      name: 'string',
      matches: listOf('HTTPRouteMatch'),
      filters: listOf('HTTPRouteFilter'),
      backendRefs: listOf('HTTPBackendRef'),
      timeouts: `${P}HTTPRouteTimeouts`,
    },
  },
  HTTPRouteTimeouts: { fields: { request: 'string', backendRequest: 'string' } },
  HTTPRouteMatch: {
    fields: {
      path: `${P}HTTPPathMatch`,
      headers: NAMED('HTTPValueMatch'),
      queryParams: NAMED('HTTPValueMatch'),
      method: 'string',
    },
  },
  HTTPPathMatch: { fields: { type: 'string', value: 'string' } },
  HTTPValueMatch: {
    fields: { type: 'string', name: 'string', value: 'string' },
    required: ['name', 'value'],
  },
  HTTPBackendRef: {
    fields: {
      ...BACKEND_OBJECT,
      weight: { integer: true, minimum: 0, maximum: 1_000_000 },
      filters: listOf('HTTPRouteFilter'),
    },
    required: ['name'],
  },
  HTTPRouteFilter: { fields: FILTER_FIELDS, required: ['type'] },
  HeaderModifier: {
    fields: { set: NAMED('HTTPHeader'), add: NAMED('HTTPHeader'), remove: { list: 'string', set: true } },
  },
  HTTPHeader: { fields: { name: 'string', value: 'string' }, required: ['name', 'value'] },
  RequestMirror: {
    fields: {
      backendRef: `${P}BackendObjectReference`,
      percent: { integer: true, minimum: 0, maximum: 100 },
      fraction: `${P}Fraction`,
    },
    required: ['backendRef'],
  },
  BackendObjectReference: { fields: BACKEND_OBJECT, required: ['name'] },
  Fraction: {
    fields: {
      numerator: { integer: true, minimum: 0, maximum: 2 ** 31 - 1 },
      denominator: { integer: true, minimum: 1, maximum: 2 ** 31 - 1 },
    },
    required: ['numerator'],
  },
  RequestRedirect: {
    fields: {
      scheme: 'string',
      hostname: 'string',
      path: `${P}PathModifier`,
      port: PORT,
      statusCode: 'int32',
    },
  },
  URLRewrite: { fields: { hostname: 'string', path: `${P}PathModifier` } },
  PathModifier: {
    fields: { type: 'string', replaceFullPath: 'string', replacePrefixMatch: 'string' },
    required: ['type'],
  },
  CORS: {
    fields: {
      allowOrigins: { list: 'string', set: true },
      allowCredentials: 'boolean',
      allowMethods: { list: 'string', set: true },
      allowHeaders: { list: 'string', set: true },
      exposeHeaders: { list: 'string', set: true },
      maxAge: { integer: true, minimum: 1, maximum: 2 ** 31 - 1 },
    },
  },
  LocalReference: {
    fields: { group: 'string', kind: 'string', name: 'string' },
    required: ['group', 'kind', 'name'],
  },
  RouteStatus: { fields: { parents: listOf('RouteParentStatus') } },
  RouteParentStatus: {
    fields: { parentRef: `${P}ParentReference`, controllerName: 'string', conditions: CONDITIONS },
  },
  Condition: {
    fields: {
      type: 'string',
      status: 'string',
      reason: 'string',
      message: 'string',
      observedGeneration: 'int64',
      lastTransitionTime: 'time',
    },
  },

  ReferenceGrant: kind('ReferenceGrantSpec'),
  ReferenceGrantSpec: {
    fields: { from: listOf('ReferenceGrantFrom'), to: listOf('ReferenceGrantTo') },
    required: ['from', 'to'],
  },
  ReferenceGrantFrom: { fields: { group: 'string', kind: 'string', namespace: 'string' } },
  ReferenceGrantTo: { fields: { group: 'string', kind: 'string', name: 'string' } },

  BackendTLSPolicy: kind('BackendTLSPolicySpec', 'PolicyStatus'),
  BackendTLSPolicySpec: {
    fields: {
      targetRefs: listOf('PolicyTargetReference'),
      validation: `${P}BackendTLSPolicyValidation`,
      options: { map: 'string' },
    },
    required: ['targetRefs', 'validation'],
  },
  PolicyTargetReference: {
    fields: { group: 'string', kind: 'string', name: 'string', sectionName: 'string' },
  },
  BackendTLSPolicyValidation: {
    fields: {
      caCertificateRefs: listOf('LocalReference'),
      hostname: 'string',
      wellKnownCACertificates: 'string',
      subjectAltNames: 'any',
    },
  },
  PolicyStatus: { fields: { ancestors: listOf('PolicyAncestorStatus') } },
  PolicyAncestorStatus: {
    fields: { ancestorRef: `${P}ParentReference`, controllerName: 'string', conditions: CONDITIONS },
  },
}

/** The minor version of 1.x in which a field came into the standard channel. */
const SINCE: Record<string, number> = {
  'ParentReference.port': 1,
  'GatewaySpec.infrastructure': 1,
  'HTTPRouteRule.timeouts': 2,
  'RequestMirror.percent': 3,
  'RequestMirror.fraction': 3,
  'HTTPRouteRule.name': 4,
  'HTTPRouteFilter.cors': 5,
  'GatewaySpec.allowedListeners': 5,
}

/** Fields that only the experimental channel has. */
const EXPERIMENTAL = {
  HTTPRouteRule: { retry: 'any', sessionPersistence: 'any' },
  HTTPRouteFilter: { externalAuth: 'any' },
  HTTPRouteSpec: { useDefaultGateways: 'string' },
  GatewaySpec: { defaultScope: 'string' },
} satisfies Record<string, Record<string, FieldSchema>>

/** Annotations of the Gateway API's CRDs. */
export const VERSION_ANNOTATION = 'gateway.networking.k8s.io/bundle-version'
export const CHANNEL_ANNOTATION = 'gateway.networking.k8s.io/channel'

export const GATEWAY_API_VERSION = '1.6.1'
export type Channel = 'standard' | 'experimental'

/** Name of a kind's schema as the CRDs of this version and channel have it. */
export function gatewayApiSchema(of: string, version: string, channel: Channel): string {
  const minor = Number(version.split('.')[1])
  return `gateway-api@${minor}-${channel}.${of}`
}

const tables = new Map<string, Types>([['gateway-api', STANDARD]])

/** A type by its name, `gateway-api.<Type>` or as {@link gatewayApiSchema} gives it. */
export function gatewayApiType(name: string): TypeDefinition | undefined {
  const [, table = '', minor = '', channel, type = ''] =
    /^(gateway-api(?:@(\d+)-(\w+))?)\.(\w+)$/.exec(name) ?? []
  if (table === '') return undefined
  let types = tables.get(table)
  if (!types) {
    types = typesOf(table, Number(minor), channel === 'experimental')
    tables.set(table, types)
  }
  return types[type]
}

/** The types with the fields of one version and channel, referring to each other as `<table>.<Type>`. */
function typesOf(table: string, minor: number, isExperimental: boolean): Types {
  const renamed = JSON.parse(JSON.stringify(STANDARD).replaceAll(`"${P}`, `"${table}.`)) as Types
  return Object.fromEntries(
    Object.entries(renamed).map(([name, definition]) => {
      const known = Object.entries(definition.fields).filter(
        ([field]) => isExperimental || (SINCE[`${name}.${field}`] ?? 0) <= minor,
      )
      const extra = isExperimental ? EXPERIMENTAL[name as keyof typeof EXPERIMENTAL] : {}
      return [name, { ...definition, fields: { ...Object.fromEntries(known), ...extra } }]
    }),
  )
}
