import type { RequestBody } from '../encoding/body.js'
import type { KubeObject, ResourceType } from '../objects.js'
import type { ResourceRequest } from '../request.js'
import type { ObjectStore } from '../store.js'

/** A request that changes something. */
export interface WriteRequest extends ResourceRequest {
  body: RequestBody
  userAgent: string
  /** Filled while the request is carried out; sent to the client in `Warning` headers. */
  warnings: string[]
  /** Called before an object is stored or deleted. */
  admit?: Admit
}

/** Like an admission webhook: throws if an object may not be stored, or not be deleted. */
export type Admit = (change: { resource: ResourceType; object: KubeObject; isDeletion?: true }) => void

export interface Answer {
  code: number
  body: object
}

export interface WriteContext {
  store: ObjectStore
}

export function apiVersionOf({ group, version }: ResourceType): string {
  return group === '' ? version : `${group}/${version}`
}

export function isDryRun({ query }: WriteRequest): boolean {
  return query.getAll('dryRun').includes('All')
}

/** The object a request names, in the store. */
export function liveObject(
  store: ObjectStore,
  { resource, namespace, name }: ResourceRequest,
): KubeObject | undefined {
  return store.get(resource, namespace, name ?? '')
}
