import type { ClusterObject } from '../ports/objects.js'
import type { Resource } from './kube-types.js'

type Scalar = 'string' | 'number' | 'boolean'

/** The type of a field; it may be missing, except scalars with a `!` and maps that contain such. */
export type Shape = Scalar | `${Scalar}!` | 'map' | 'strings' | [item: Shape] | { [field: string]: Shape }

/** Something that is not valid in Kubernetes: where, and what it is, a clause. */
export class ShapeError extends Error {}

const METADATA: Shape = {
  name: 'string!',
  namespace: 'string',
  labels: 'strings',
  annotations: 'strings',
  generation: 'number',
  resourceVersion: 'string',
  creationTimestamp: 'string',
  deletionTimestamp: 'string',
  uid: 'string',
  ownerReferences: [{ kind: 'string!', name: 'string!', uid: 'string', controller: 'boolean' }],
  managedFields: [
    { manager: 'string', operation: 'string', subresource: 'string', time: 'string', fieldsV1: 'map' },
  ],
}

const CONDITIONS: Shape = [{ type: 'string', status: 'string', reason: 'string', message: 'string' }]

const STATE: Shape = {
  running: 'map',
  waiting: { reason: 'string', message: 'string' },
  terminated: { exitCode: 'number', reason: 'string', message: 'string' },
}

const CONTAINERS: Shape = [
  { name: 'string', ready: 'boolean', restartCount: 'number', state: STATE, lastState: STATE },
]

/** The fields that are read, by the plural of their kind: those of kube-types. */
const SHAPES: Record<string, Shape> = {
  secrets: { data: 'strings' },
  configmaps: { data: 'strings' },
  deployments: {
    spec: {
      replicas: 'number',
      template: { metadata: { labels: 'strings' }, spec: { containers: [{ image: 'string' }] } },
    },
    status: {
      observedGeneration: 'number',
      replicas: 'number',
      updatedReplicas: 'number',
      readyReplicas: 'number',
      availableReplicas: 'number',
      conditions: CONDITIONS,
    },
  },
  pods: {
    status: {
      phase: 'string',
      podIP: 'string',
      reason: 'string',
      message: 'string',
      conditions: CONDITIONS,
      initContainerStatuses: CONTAINERS,
      containerStatuses: CONTAINERS,
    },
  },
  events: {
    involvedObject: { kind: 'string', name: 'string' },
    type: 'string',
    reason: 'string',
    message: 'string',
    count: 'number',
    lastTimestamp: 'string',
    eventTime: 'string',
    series: { count: 'number', lastObservedTime: 'string' },
  },
  services: {
    spec: { type: 'string', ports: [{ name: 'string', port: 'number', nodePort: 'number' }] },
    status: { loadBalancer: { ingress: [{ ip: 'string', hostname: 'string' }] } },
  },
  endpoints: {
    subsets: [
      {
        addresses: [{ targetRef: { kind: 'string', name: 'string' } }],
        notReadyAddresses: [{ targetRef: { kind: 'string', name: 'string' } }],
      },
    ],
  },
  nodes: { status: { addresses: [{ type: 'string', address: 'string' }] } },
  horizontalpodautoscalers: {
    spec: {
      scaleTargetRef: { kind: 'string', name: 'string' },
      minReplicas: 'number',
      maxReplicas: 'number',
    },
  },
  leases: {
    spec: {
      holderIdentity: 'string',
      leaseDurationSeconds: 'number',
      leaseTransitions: 'number',
      acquireTime: 'string',
      renewTime: 'string',
    },
  },
  selfsubjectaccessreviews: { status: { allowed: 'boolean' } },
  selfsubjectreviews: { status: { userInfo: { username: 'string' } } },
}

/**
 * An object of the API, checked: it has a name (except reviews, which have none), and every field that is read has its
 * type. Nulls, which Go writes for empty values, are removed. Throws ShapeError.
 */
export function objectOf<T extends ClusterObject>(
  value: unknown,
  { plural, shape = SHAPES[plural] ?? {} }: Pick<Resource, 'plural' | 'shape'>,
): T {
  const object = mapOf(value, 'it')
  // A review is an answer, not an object: it has no name.
  const metadata = plural.startsWith('selfsubject') ? 'map' : METADATA
  checkShape(object, { kind: 'string', apiVersion: 'string', metadata })
  checkShape(object, shape)
  return object as T
}

/** A list of the API: the type that its items omit, the items, and where a watch continues. */
export function listOf(value: unknown): {
  kind: string
  apiVersion: string
  items: unknown[]
  resourceVersion: string
} {
  const list = mapOf(value, 'it')
  checkShape(list, {
    kind: 'string',
    apiVersion: 'string',
    items: ['map'],
    metadata: { resourceVersion: 'string' },
  })
  const { kind = '', apiVersion = '', items = [], metadata = {} } = list as Record<string, never>
  const { resourceVersion = '' } = metadata as { resourceVersion?: string }
  return { kind, apiVersion, items, resourceVersion }
}

/** Throws ShapeError if a value does not have this shape; removes nulls of its fields. */
export function checkShape(value: unknown, shape: Shape): void {
  check(value, shape, '')
}

/** No real object is deeper; far deeper ones would overflow the stack. */
const MAX_DEPTH = 200

/** Throws ShapeError for values nested too deep. */
export function requireShallow(value: unknown, where: string): void {
  const open: [value: unknown, depth: number][] = [[value, 0]]
  for (let next = open.pop(); next; next = open.pop()) {
    const [inner, depth] = next
    if (typeof inner !== 'object' || inner === null) continue
    if (depth > MAX_DEPTH) throw new ShapeError(`${where} is nested more than ${MAX_DEPTH} deep`)
    for (const child of Object.values(inner)) open.push([child, depth + 1])
  }
}

function isRequired(shape: Shape): boolean {
  if (typeof shape === 'string') return shape.endsWith('!')
  return !Array.isArray(shape) && Object.values(shape).some(isRequired)
}

function mapOf(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw new ShapeError(`${where || 'it'} is ${nameOf(value)}, not a map`)
}

function check(value: unknown, shape: Shape, where: string): void {
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) throw new ShapeError(`${where} is ${nameOf(value)}, not a list`)
    for (const [index, item] of value.entries()) check(item, shape[0], `${where}[${index}]`)
  } else if (typeof shape === 'object') {
    const map = mapOf(value, where)
    for (const [field, inner] of Object.entries(shape)) {
      const there = Object.hasOwn(map, field) ? map[field] : undefined
      const place = where ? `${where}.${field}` : field
      if (there !== null && there !== undefined) check(there, inner, place)
      else if (isRequired(inner)) throw new ShapeError(`${place} is missing`)
      else if (there === null) delete map[field]
    }
  } else if (shape === 'map') {
    mapOf(value, where)
  } else if (shape === 'strings') {
    for (const [key, item] of Object.entries(mapOf(value, where))) check(item, 'string', `${where}.${key}`)
  } else {
    const type = shape.replace('!', '')
    if (typeof value !== type) throw new ShapeError(`${where} is ${nameOf(value)}, not a ${type}`)
  }
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a map' : `a ${typeof value}`
}
