import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject, ResourceType } from './objects.js'

export interface StoreEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  resource: ResourceType
  /** A frozen snapshot: never change it in place. */
  object: KubeObject
  /** The object before the change; absent for ADDED. */
  previous?: KubeObject
  resourceVersion: number
}

/** Events kept for watches that start in the past; older resourceVersions get 410 Gone. */
const HISTORY_LIMIT = 2_000

/** Kinds with a spec but without generations. */
const WITHOUT_GENERATION = new Set(['Namespace', 'Service', 'Lease', 'Node'])

/**
 * All objects of the sandbox, in memory, with one global resourceVersion counter. It knows nothing of HTTP, validation
 * or admission: the API server checks before it writes, the controllers write directly.
 * Objects handed out are frozen snapshots; to change one, structuredClone it and call `update`.
 */
export class ObjectStore {
  private readonly objects = new Map<string, Map<string, KubeObject>>()
  private readonly listeners = new Set<(event: StoreEvent) => void>()
  private history: StoreEvent[] = []
  private counter = 1

  /** @param historyLimit how many past changes a watch can ask for */
  constructor(private readonly historyLimit = HISTORY_LIMIT) {}

  get resourceVersion(): number {
    return this.counter
  }

  /** The lowest resourceVersion a watch can still start from. */
  get oldestResourceVersion(): number {
    return this.history.length < this.historyLimit ? 0 : (this.history[0]?.resourceVersion ?? 0)
  }

  get(resource: ResourceType, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.objects.get(bucketKey(resource))?.get(objectKey(namespace, name))
  }

  /** Objects of one kind, in one namespace or in all, sorted by namespace and name like the real server. */
  list(resource: ResourceType, namespace?: string): KubeObject[] {
    const all = [...(this.objects.get(bucketKey(resource))?.values() ?? [])]
    const wanted = namespace ? all.filter((object) => object.metadata.namespace === namespace) : all
    return wanted.sort((a, b) =>
      objectKey(a.metadata.namespace, a.metadata.name) < objectKey(b.metadata.namespace, b.metadata.name)
        ? -1
        : 1,
    )
  }

  /** Adds an object with a new uid, creationTimestamp, generation 1 (for kinds that have it) and resourceVersion. */
  create(resource: ResourceType, object: KubeObject): KubeObject {
    const stored = structuredClone(object)
    stored.metadata.uid ??= randomUUID()
    stored.metadata.creationTimestamp ??= now()
    if (hasGeneration(resource, stored)) stored.metadata.generation = 1
    return this.write('ADDED', resource, stored)
  }

  /**
   * Replaces an object. A write without a change keeps the resourceVersion and emits no event; one that changes more
   * than metadata and status raises the generation. Throws if the object does not exist.
   */
  update(resource: ResourceType, object: KubeObject): KubeObject {
    const previous = this.get(resource, object.metadata.namespace, object.metadata.name)
    if (!previous) throw new Error(`no ${resource.plural} ${object.metadata.name} to update`)
    const stored = structuredClone(object)
    stored.metadata.uid = previous.metadata.uid
    stored.metadata.creationTimestamp = previous.metadata.creationTimestamp
    stored.metadata.resourceVersion = previous.metadata.resourceVersion
    if (previous.metadata.generation !== undefined) stored.metadata.generation = previous.metadata.generation
    if (isDeepStrictEqual(stored, previous)) return previous
    if (stored.metadata.generation !== undefined && specChanged(resource, previous, stored)) {
      stored.metadata.generation += 1
    }
    return this.write('MODIFIED', resource, stored, previous)
  }

  /** Removes an object at once; undefined if it was not there. The DELETED event carries a new resourceVersion. */
  delete(resource: ResourceType, namespace: string | undefined, name: string): KubeObject | undefined {
    const previous = this.get(resource, namespace, name)
    if (!previous) return undefined
    return this.write('DELETED', resource, structuredClone(previous), previous)
  }

  /** Emits every later change, synchronously and in order. Returns the function that ends it. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Changes of one kind after a resourceVersion, for watches that start in the past. */
  eventsSince(resource: ResourceType, resourceVersion: number): StoreEvent[] {
    const bucket = bucketKey(resource)
    return this.history.filter(
      (event) => event.resourceVersion > resourceVersion && bucketKey(event.resource) === bucket,
    )
  }

  private write(
    type: StoreEvent['type'],
    resource: ResourceType,
    object: KubeObject,
    previous?: KubeObject,
  ): KubeObject {
    this.counter += 1
    object.metadata.resourceVersion = String(this.counter)
    deepFreeze(object)
    const bucket = this.bucket(resource)
    const key = objectKey(object.metadata.namespace, object.metadata.name)
    if (type === 'DELETED') bucket.delete(key)
    else bucket.set(key, object)
    const event: StoreEvent = { type, resource, object, previous, resourceVersion: this.counter }
    this.history.push(event)
    if (this.history.length > this.historyLimit * 1.2) this.history = this.history.slice(-this.historyLimit)
    for (const listener of this.listeners) listener(event)
    return object
  }

  private bucket(resource: ResourceType): Map<string, KubeObject> {
    const key = bucketKey(resource)
    let bucket = this.objects.get(key)
    if (!bucket) this.objects.set(key, (bucket = new Map()))
    return bucket
  }
}

export function hasGeneration({ custom }: ResourceType, object: KubeObject): boolean {
  return custom || ('spec' in object && !WITHOUT_GENERATION.has(object.kind))
}

/** A custom kind without a status subresource (Gloo's): a status write raises its generation, too (as measured). */
function specChanged(resource: ResourceType, before: KubeObject, after: KubeObject): boolean {
  const { metadata: _before, status: statusBefore, ...restBefore } = before
  const { metadata: _after, status: statusAfter, ...restAfter } = after
  if (!isDeepStrictEqual(restBefore, restAfter)) return true
  const hasOwnStatus = (resource.subresources as string[]).includes('status')
  return resource.custom && !hasOwnStatus && !isDeepStrictEqual(statusBefore, statusAfter)
}

function bucketKey(resource: ResourceType): string {
  return `${resource.group}/${resource.plural}`
}

function objectKey(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`
}

/** Kubernetes times have whole seconds. */
export function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z')
}

function deepFreeze(value: unknown): void {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const child of Object.values(value)) deepFreeze(child)
}
