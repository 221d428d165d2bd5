import type { ServerResponse } from 'node:http'
import type { KubeObject } from './objects.js'
import type { ResourceRequest } from './request.js'
import { parseSelectors, type Matcher } from './selectors.js'
import { ApiError, type StatusBody } from './status.js'
import type { ObjectStore, StoreEvent } from './store.js'

type WatchType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'

/** How one event's object is written (as an object, or as a Table). */
export type Render = (object: KubeObject) => unknown

/** Annotation of the bookmark that ends the initial events; clients that asked for them wait for it. */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end'

/**
 * Streams changes of one kind until the client leaves, `timeoutSeconds` have passed, or the server closes: first what
 * the request asks for (the present state, or everything after a resourceVersion), then new changes.
 */
export function serveWatch(
  store: ObjectStore,
  { resource, namespace, name, query }: ResourceRequest,
  response: ServerResponse,
  render: Render,
): void {
  const selected = parseSelectors(query, resource.kind)
  const matches: Matcher = (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    selected(object)
  const send = (type: WatchType, object: unknown) => {
    if (response.writableEnded) return // it was told to end, and is not closed yet
    response.write(`${JSON.stringify({ type, object })}\n`)
  }
  const forward = (event: StoreEvent) => {
    const type = transition(event, matches)
    if (!type) return
    // An object that left the selector is reported as deleted, in its last selected state but with the new
    // resourceVersion.
    const object = type === 'DELETED' && event.type === 'MODIFIED' ? lastSelected(event) : event.object
    send(type, render(object))
  }

  response.writeHead(200, { 'content-type': 'application/json' })
  response.flushHeaders()

  const from = query.get('resourceVersion') ?? ''
  const initialEvents = query.get('sendInitialEvents') === 'true'
  if (initialEvents || from === '' || from === '0') {
    for (const object of store.list(resource, namespace)) if (matches(object)) send('ADDED', render(object))
    if (initialEvents) {
      send('BOOKMARK', {
        kind: resource.kind,
        apiVersion: apiVersionOf(resource),
        metadata: {
          resourceVersion: String(store.resourceVersion),
          annotations: { [INITIAL_EVENTS_END]: 'true' },
        },
      })
    }
  } else {
    const since = Number(from)
    const problem = expired(store, since)
    if (problem) {
      response.end(`${JSON.stringify({ type: 'ERROR', object: problem })}\n`)
      return
    }
    store.eventsSince(resource, since).forEach(forward)
  }

  const unsubscribe = store.subscribe((event) => {
    if (event.resource.plural === resource.plural && event.resource.group === resource.group) forward(event)
  })
  const seconds = Number(query.get('timeoutSeconds') ?? 0)
  const timer = seconds > 0 ? setTimeout(() => response.end(), seconds * 1000) : undefined
  response.on('close', () => {
    unsubscribe()
    clearTimeout(timer)
  })
}

/** A change as seen by a watcher with this selector. */
function transition(event: StoreEvent, matches: Matcher): 'ADDED' | 'MODIFIED' | 'DELETED' | undefined {
  const before = event.previous !== undefined && matches(event.previous)
  if (event.type === 'DELETED') return before ? 'DELETED' : undefined
  const after = matches(event.object)
  if (after) return before ? 'MODIFIED' : 'ADDED'
  return before ? 'DELETED' : undefined
}

function lastSelected(event: StoreEvent): KubeObject {
  const previous = event.previous ?? event.object
  const metadata = { ...previous.metadata, resourceVersion: event.object.metadata.resourceVersion }
  return { ...previous, metadata }
}

function expired(store: ObjectStore, since: number): StatusBody | undefined {
  if (Number.isNaN(since)) {
    return new ApiError(400, 'BadRequest', 'resourceVersion: Invalid value: it must be a number').body
  }
  const oldest = store.oldestResourceVersion
  if (since >= oldest - 1) return undefined
  return new ApiError(410, 'Expired', `too old resource version: ${since} (${oldest})`).body
}

function apiVersionOf({ group, version }: ResourceRequest['resource']): string {
  return group === '' ? version : `${group}/${version}`
}
