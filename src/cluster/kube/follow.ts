import { setTimeout as sleep } from 'node:timers/promises'
import { kubectlCommand } from '../../model/command-line.js'
import { CanaryError, ExternalError } from '../../model/errors.js'
import { ApiError, requestLine } from './api-errors.js'
import type { ClusterObject } from '../ports/objects.js'
import type { KubeApi, Selection } from './kube-api.js'
import type { Target } from './kube-types.js'

/** A collection to follow. */
export interface Followed {
  target: Target
  selection: Selection
  /** Whether it counts as empty if the user may not read it. */
  mayBeForbidden?: true
}

/** Time before an ended watch is opened again. */
const REOPEN_PAUSE_MS = 100
/** Statuses that another watch would get, too. */
const FINAL_STATUSES = [401, 403, 404]

/**
 * Lists a collection and keeps the list current by a watch; `changed` gets all objects, first and after each change. An
 * ended watch is opened again where it stopped; one that is too old (410) or broken starts over with a list. Ends when
 * `signal` is aborted; throws ExternalError if the cluster refuses.
 */
async function follow(
  api: KubeApi,
  { target, selection }: Followed,
  signal: AbortSignal,
  changed: (objects: ClusterObject[]) => void,
): Promise<void> {
  let objects = new Map<string, ClusterObject>()
  let resourceVersion: string | undefined
  while (!signal.aborted) {
    if (resourceVersion === undefined) {
      const list = await api.list(target, selection)
      objects = new Map(list.items.map((object) => [keyOf(object), object]))
      resourceVersion = list.resourceVersion
      changed([...objects.values()])
    }
    try {
      for await (const { type, object } of api.watch(target, selection, resourceVersion, signal)) {
        if (type === 'ERROR') {
          resourceVersion = undefined
          break
        }
        resourceVersion = object.metadata.resourceVersion
        if (type === 'BOOKMARK') continue
        if (type === 'DELETED') objects.delete(keyOf(object))
        else objects.set(keyOf(object), object)
        changed([...objects.values()])
      }
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof ApiError && FINAL_STATUSES.includes(error.status)) throw error
      resourceVersion = undefined
    }
    await sleep(REOPEN_PAUSE_MS, undefined, { signal }).catch(() => undefined)
  }
}

function keyOf({ metadata }: ClusterObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

/**
 * Follows collections until `done` returns true for their objects; what `done` throws ends the wait too. Throws the
 * error of `late` after `timeoutMs`, and a CanaryError when `signal` is aborted.
 */
export async function followUntil(
  api: KubeApi,
  collections: Followed[],
  wait: { timeoutMs: number; signal?: AbortSignal; late: () => Error },
  done: (lists: ClusterObject[][]) => boolean,
): Promise<void> {
  const ending = new AbortController()
  const { signal, timeoutMs } = wait
  const lists: (ClusterObject[] | undefined)[] = collections.map(() => undefined)
  let timer: NodeJS.Timeout | undefined
  let interrupt: (() => void) | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (error: unknown) => reject(error instanceof Error ? error : new Error(String(error)))
      interrupt = () => reject(interrupted(signal))
      if (signal?.aborted) interrupt()
      signal?.addEventListener('abort', interrupt)
      timer = setTimeout(() => {
        const silent = collections[lists.indexOf(undefined)]
        reject(silent ? noAnswer(silent, timeoutMs) : wait.late())
      }, timeoutMs)
      for (const [index, collection] of collections.entries()) {
        const changed = (objects: ClusterObject[]) => {
          lists[index] = objects
          const all = lists.filter((list) => list !== undefined)
          if (ending.signal.aborted || all.length < collections.length) return
          try {
            if (done(all)) resolve()
          } catch (error) {
            fail(error)
          }
        }
        follow(api, collection, ending.signal, changed).catch((error: unknown) => {
          const isForbidden = error instanceof ApiError && error.status === 403
          if (collection.mayBeForbidden && isForbidden) changed([])
          else fail(error)
        })
      }
    })
  } finally {
    clearTimeout(timer)
    if (interrupt) signal?.removeEventListener('abort', interrupt)
    ending.abort()
  }
}

function noAnswer({ target }: Followed, timeoutMs: number): ExternalError {
  return new ExternalError(`The cluster gave no answer within ${timeoutMs / 1000} s.`, {
    command: requestLine('list', target),
    nextSteps: [kubectlCommand(['cluster-info'])],
  })
}

function interrupted(signal: AbortSignal | undefined): CanaryError {
  return new CanaryError(
    signal?.reason === 'SIGTERM' ? 'terminated' : 'interrupted',
    'Interrupted while waiting.',
  )
}
