import { commented, helmCommand } from '../../model/command-line.js'
import { ConflictError } from '../../model/errors.js'
import { shown } from '../../model/object-form.js'
import type { ClusterObject } from '../ports/objects.js'
import type { Shape } from './shapes.js'

/** A kind of object, with the parts of its URL. */
export interface Resource {
  /** `v1` for the core group, else `group/version`. */
  apiVersion: string
  plural: string
  /** The fields that are read, for kinds that `SHAPES` does not have. */
  shape?: Shape
}

/** One object, or the collection of them; without a namespace those of the whole cluster (or cluster-wide kinds). */
export interface Target {
  resource: Resource
  namespace?: string
  name?: string
}

export const SECRETS: Resource = { apiVersion: 'v1', plural: 'secrets' }
export const CONFIG_MAPS: Resource = { apiVersion: 'v1', plural: 'configmaps' }
export const SERVICE_ACCOUNTS: Resource = { apiVersion: 'v1', plural: 'serviceaccounts' }
export const PODS: Resource = { apiVersion: 'v1', plural: 'pods' }
export const SERVICES: Resource = { apiVersion: 'v1', plural: 'services' }
export const EVENTS: Resource = { apiVersion: 'v1', plural: 'events' }
export const ENDPOINTS: Resource = { apiVersion: 'v1', plural: 'endpoints' }
export const NAMESPACES: Resource = { apiVersion: 'v1', plural: 'namespaces' }
export const NODES: Resource = { apiVersion: 'v1', plural: 'nodes' }
export const REPLICA_SETS: Resource = { apiVersion: 'apps/v1', plural: 'replicasets' }
export const DEPLOYMENTS: Resource = { apiVersion: 'apps/v1', plural: 'deployments' }
export const AUTOSCALERS: Resource = { apiVersion: 'autoscaling/v2', plural: 'horizontalpodautoscalers' }
export const LEASES: Resource = { apiVersion: 'coordination.k8s.io/v1', plural: 'leases' }
export const SELF_REVIEWS: Resource = {
  apiVersion: 'authentication.k8s.io/v1',
  plural: 'selfsubjectreviews',
}
export const ACCESS_REVIEWS: Resource = {
  apiVersion: 'authorization.k8s.io/v1',
  plural: 'selfsubjectaccessreviews',
}

interface Condition {
  type: string
  status: string
  reason?: string
  message?: string
}

/** The fields of a Deployment that are read. */
export interface Deployment extends ClusterObject {
  spec?: {
    replicas?: number
    template?: {
      metadata?: { labels?: Record<string, string> }
      spec?: { containers?: { image?: string }[] }
    }
  }
  status?: {
    observedGeneration?: number
    replicas?: number
    updatedReplicas?: number
    readyReplicas?: number
    availableReplicas?: number
    conditions?: Condition[]
  }
}

interface ContainerState {
  running?: object
  waiting?: { reason?: string; message?: string }
  terminated?: { exitCode?: number; reason?: string; message?: string }
}

export interface ContainerStatus {
  name: string
  ready?: boolean
  restartCount?: number
  state?: ContainerState
  lastState?: ContainerState
}

/** The fields of a Pod that are read. */
export interface Pod extends ClusterObject {
  spec?: { containers?: { ports?: { name?: string; containerPort: number }[] }[] }
  status?: {
    phase?: string
    podIP?: string
    reason?: string
    message?: string
    conditions?: Condition[]
    initContainerStatuses?: ContainerStatus[]
    containerStatuses?: ContainerStatus[]
  }
}

/** The fields of an Event that are read. */
export interface KubeEvent extends ClusterObject {
  involvedObject?: { kind?: string; name?: string; uid?: string }
  type?: string
  reason?: string
  message?: string
  count?: number
  /** ISO times; which of them are set depends on the event's source. */
  lastTimestamp?: string | null
  eventTime?: string | null
  series?: { count?: number; lastObservedTime?: string } | null
}

export interface ServicePort {
  name?: string
  port: number
  /** The pods' port: a number, or the name of a container's port; the same as `port` by default. */
  targetPort?: number | string
  nodePort?: number
}

/** The fields of a Service that are read. */
export interface Service extends ClusterObject {
  spec?: { type?: string; ports?: ServicePort[]; selector?: Record<string, string> }
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } }
}

/** The fields of a Service's Endpoints that are read. */
export interface Endpoints extends ClusterObject {
  subsets?: { addresses?: EndpointAddress[]; notReadyAddresses?: EndpointAddress[] }[]
}

interface EndpointAddress {
  targetRef?: { kind?: string; name?: string }
}

/** The fields of a Node that are read. */
export interface Node extends ClusterObject {
  status?: { addresses?: { type: string; address: string }[] }
}

/**
 * The path of a target's URL. Throws ConflictError for an apiVersion or a name, taken from a manifest, that would lead
 * elsewhere.
 */
export function pathOf({ resource, namespace, name }: Target): string {
  for (const part of [...resource.apiVersion.split('/'), resource.plural, namespace, name]) {
    if (part !== undefined && (part === '.' || part === '..')) throw leadsElsewhere(part)
  }
  if (!/^[-a-z0-9.]+(\/[-a-z0-9]+)?$/.test(resource.apiVersion)) throw leadsElsewhere(resource.apiVersion)
  const root = resource.apiVersion.includes('/')
    ? `/apis/${resource.apiVersion}`
    : `/api/${resource.apiVersion}`
  const scope = namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${root}${scope}/${resource.plural}${name ? `/${encodeURIComponent(name)}` : ''}`
}

function leadsElsewhere(part: string): ConflictError {
  return new ConflictError(`${shown(part)} is not an apiVersion or name of an object: no request was sent.`, {
    state: 'Nothing was changed.',
    nextSteps: [
      commented(helmCommand(['get', 'manifest', 'APP'], 'NAMESPACE'), `the objects in Helm's record`),
    ],
  })
}

/** The target as text: `secrets in namespace echo`, `pods web-1 in namespace shop`. */
export function describeTarget({ resource, namespace, name }: Target): string {
  const where = namespace ? ` in namespace ${namespace}` : name ? '' : ' in all namespaces'
  return `${resource.plural}${name ? ` ${name}` : ''}${where}`
}
