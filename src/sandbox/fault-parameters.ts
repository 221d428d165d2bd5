import type { FaultKind } from './faults.js'

type ParameterType = 'string' | 'number' | 'string?' | 'number?'

/** Parameters by kind, `?` for optional ones, as the command line and the control API accept them. */
export const FAULT_PARAMETERS: Record<FaultKind, Record<string, ParameterType>> = {
  'never-ready': { app: 'string', version: 'string' },
  'slow-ready': { app: 'string', version: 'string', ms: 'number' },
  crash: { app: 'string', version: 'string' },
  'error-rate': { app: 'string', percent: 'number', version: 'string?', status: 'number?' },
  latency: { app: 'string', ms: 'number', version: 'string?' },
  propagation: { ms: 'number' },
  forbid: { verb: 'string', resource: 'string' },
  'api-errors': { percent: 'number', status: 'number?' },
  'api-latency': { ms: 'number' },
  'api-lost': { percent: 'number' },
  'api-reset': { percent: 'number' },
  'api-stall': { percent: 'number' },
  'api-down': {},
  'drop-watches': { ms: 'number' },
  'expire-watches': { percent: 'number' },
  'expired-credentials': {},
  'strict-admission': {},
  'proxy-down': {},
  'proxy-reset': { percent: 'number' },
  'proxy-stall': { percent: 'number' },
  'proxy-stuck': { pod: 'string?' },
  'wrong-weights': { app: 'string', percent: 'number' },
  sticky: { app: 'string' },
  retries: { app: 'string' },
  'strip-header': { name: 'string' },
  cache: { ms: 'number' },
  'foreign-answers': { percent: 'number' },
  auth: { status: 'number' },
  redirect: { status: 'number?' },
  'no-virtual-service': {},
  'parent-prefix': { prefix: 'string' },
  'rival-table': { app: 'string' },
  'wrong-service-port': { app: 'string', port: 'number?' },
  'missing-upstream': { app: 'string' },
  'rejected-table': { app: 'string' },
  'bad-neighbour': {},
  'neighbour-weights': {},
  'no-controller': {},
  'gateway-without-address': {},
  'gateway-crds': { release: 'string', channel: 'string?' },
  'missing-gateway': {},
  'port-taken': {},
  'listener-closed': {},
  'wrong-section': { app: 'string' },
  'hostnames-apart': { app: 'string' },
  'rival-route': { app: 'string' },
  'missing-grant': { app: 'string' },
  'missing-service': { app: 'string', version: 'string' },
  'no-endpoints': { app: 'string', version: 'string' },
  'wrong-backend-port': { app: 'string', port: 'number?' },
  'bad-regex': { app: 'string' },
  'mirror-to-nowhere': { app: 'string' },
}

/** What a fault does, in a few words, by kind. */
export const FAULT_EFFECTS: Record<FaultKind, string> = {
  'never-ready': 'pods run and never become ready',
  'slow-ready': 'pods become ready only this long after their start',
  crash: 'containers end as soon as they start, those that run too',
  'error-rate': 'a share of the answers of pods are errors (500)',
  latency: 'pods answer later',
  propagation: 'changes reach the proxy this late',
  forbid: 'the API refuses it, as RBAC would; * is any',
  'api-errors': 'requests are refused: 429, 500, 503 or 504; by chance one of the first three',
  'api-latency': 'the API begins each request only after this',
  'api-lost': 'requests are carried out, and the answer is lost',
  'api-reset': 'connections break, and nothing is done',
  'api-stall': 'requests are never carried out nor answered',
  'api-down': 'every connection breaks',
  'drop-watches': 'watches end after this',
  'expire-watches': 'watches are told that their version is too old (410)',
  'expired-credentials': 'every request is answered 401',
  'strict-admission': 'Gloo denies RouteTables and deletions that it would warn of',
  'proxy-down': 'the proxy breaks every connection',
  'proxy-reset': 'the proxy breaks the connection of a share of the requests',
  'proxy-stall': 'the proxy never answers a share of the requests',
  'proxy-stuck': 'one of the proxies (the first) takes no new routes any more',
  'wrong-weights': 'weighted routes send this share to the canary, whatever is configured',
  sticky: 'weighted routes choose by the connection, not by chance',
  retries: 'the proxy repeats what was answered 5xx',
  'strip-header': 'a request header is lost before the routes see it',
  cache: 'something in front answers GETs from memory, whatever their headers',
  'foreign-answers': 'something in front answers a share of the requests itself, with 200',
  auth: 'something in front refuses requests without credentials (401 or 403)',
  redirect: 'something in front redirects everything to https',
  'no-virtual-service': 'the VirtualServices are deleted',
  'parent-prefix': 'the VirtualServices delegate only what is below this prefix',
  'rival-table': "another RouteTable claims the app's path",
  'wrong-service-port': "the port in the app's Upstream is changed (8080)",
  'missing-upstream': "the app's Upstream is deleted",
  'rejected-table': "the app's RouteTable is broken: Gloo rejects it",
  'bad-neighbour': "another team's routes are refused by the proxy: nobody's change any more",
  'neighbour-weights': 'the same with weights that sum to 0; Gloo reports it in every status',
  'no-controller': 'no controller accepts the GatewayClass, nor any change of routes',
  'gateway-without-address': 'the Gateway gets no address and is not programmed',
  'gateway-crds': 'Gateway API CRDs of another release (1.0 to 1.6) or channel (experimental)',
  'missing-gateway': 'the Gateways are deleted',
  'port-taken': "an older Gateway takes the listener's port",
  'listener-closed': 'the listeners take routes of their own namespace alone',
  'wrong-section': "the app's HTTPRoute names a listener that its Gateway does not have",
  'hostnames-apart': "the hostnames of the listener and of the app's HTTPRoute do not meet",
  'rival-route': "an older HTTPRoute has the app's matches and wins",
  'missing-grant': "the app's HTTPRoute leads to Services of another namespace, without a ReferenceGrant",
  'missing-service': 'the Service of a version is deleted',
  'no-endpoints': 'the Service of a version selects no pod',
  'wrong-backend-port': "the app's HTTPRoute names a port that its Services do not have (8080)",
  'bad-regex': "the app's HTTPRoute gets a rule with a regular expression that is none",
  'mirror-to-nowhere': "the app's HTTPRoute mirrors to a Service that is not there",
}

/** Faults of the API that can be limited to some of its requests. */
const NARROWED: string[] = [
  'api-errors',
  'api-latency',
  'api-lost',
  'api-reset',
  'api-stall',
] satisfies FaultKind[]

/** Parameters of every fault, or every limited one, in addition to its own. */
const FOR_ALL: Record<string, ParameterType> = { forMs: 'number?' }
const FOR_NARROWED: Record<string, ParameterType> = { only: 'string?', resource: 'string?' }

/** Bounds of numbers, both included. The longest delay is Node's longest timer. */
const LIMITS: Record<string, [number, number]> = {
  percent: [0, 100],
  ms: [0, 2 ** 31 - 1],
  forMs: [1, 2 ** 31 - 1],
  status: [200, 599],
  port: [1, 65_535],
}

/** Choices of a parameter, of one kind of fault or of all. */
const CHOICES: Record<string, (string | number)[]> = {
  'api-errors status': [429, 500, 503, 504],
  'auth status': [401, 403],
  'redirect status': [301, 302, 303, 307, 308],
  only: ['reads', 'writes'],
  release: ['1.0', '1.1', '1.2', '1.3', '1.4', '1.5', '1.6'],
  channel: ['standard', 'experimental'],
}

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const VERSION = /^[a-z0-9]([-a-z0-9._]*[a-z0-9])?$/
/** A subresource may follow: `pods/portforward`. */
const PLURAL = /^[a-z]+(\/[a-z]+)?$/

/** Why a fault is invalid, in words; undefined if it is valid. */
export function faultProblem(fault: object): string | undefined {
  const { kind: given, ...values } = fault as Record<string, unknown>
  const kinds = Object.keys(FAULT_PARAMETERS)
  const kind = String(given)
  if (!kinds.includes(kind)) return `there is no fault "${kind}"; there are ${kinds.join(', ')}`
  const parameters = {
    ...FAULT_PARAMETERS[kind as FaultKind],
    ...(NARROWED.includes(kind) ? FOR_NARROWED : {}),
    ...FOR_ALL,
  }
  for (const [name, type] of Object.entries(parameters)) {
    const problem = valueProblem(kind, name, type, values[name])
    if (problem !== undefined) return problem
  }
  const unknown = Object.keys(values).find((name) => !(name in parameters))
  if (unknown === undefined) return undefined
  const choices = unknown in FOR_NARROWED ? `; ${NARROWED.join(', ')} have` : ''
  return `${kind} has no ${unknown}${choices}`
}

function valueProblem(kind: string, name: string, type: ParameterType, value: unknown): string | undefined {
  if (value === undefined && type.endsWith('?')) return undefined
  const wanted = type.replace('?', '')
  if (typeof value !== wanted || value === '') return `${kind} needs ${name}, a ${wanted}`
  const choices = CHOICES[`${kind} ${name}`] ?? CHOICES[name]
  if (choices && !choices.includes(value as string | number))
    return `${name} ${String(value)} is not one of ${choices.join(', ')}`
  const [low, high] = LIMITS[name] ?? []
  if (typeof value === 'number' && (value < low! || value > high!))
    return `${name} ${value} is not within ${low} to ${high}`
  if (name === 'app' && !LABEL.test(String(value)))
    return `app "${String(value)}" is not a valid name (a-z, 0-9, -)`
  if (name === 'version' && !VERSION.test(String(value)))
    return `version "${String(value)}" is not a valid name (a-z, 0-9, ".", "-", "_")`
  if (name === 'resource' && value !== '*' && !PLURAL.test(String(value)))
    return `${name} "${String(value)}" is not a plural like secrets, deployments or routetables`
  if (name === 'status' && !Number.isInteger(value)) return `${name} ${String(value)} is no whole number`
  return undefined
}
