import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { ExternalError } from '../../model/errors.js'
import {
  ApiError,
  explainAnswer,
  explainSilence,
  garbled,
  isProxyFailure,
  isUnreachable,
  METHODS,
  type ApiVerb,
} from './api-errors.js'
import type { Answer, ApiTransport } from './api-transport.js'
import type { ClusterObject } from '../ports/objects.js'
import { pathOf, type Target } from './kube-types.js'
import { listOf, objectOf, ShapeError } from './shapes.js'

/** Which objects of a collection. */
export interface Selection {
  labelSelector?: string
  fieldSelector?: string
  limit?: number
}

/** Which part of a pod's logs. */
interface LogPart {
  container: string
  /** Of the previous run instead of the current one. */
  previous: boolean
  tailLines: number
}

interface ObjectList<T> {
  items: T[]
  /** Where a watch continues. */
  resourceVersion: string
}

interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: T
}

type WriteVerb = Extract<ApiVerb, 'create' | 'update' | 'patch' | 'delete'>

/** Milliseconds between the tries of a read; a server's Retry-After takes precedence. */
const RETRY_PAUSES_MS = [100, 300, 900]
/** The longest Retry-After that is honoured. */
const LONGEST_PAUSE_MS = 10_000
/** Limit of a log, however long its lines are. */
const LOG_BYTES = 64 * 1024
/** After this the server ends a watch, and it is opened again. */
const WATCH_SECONDS = 300
/** Characters of one event of a watch: several times the largest object a cluster stores. */
const MAX_EVENT = 8 * 1024 * 1024
const EVENT_TYPES = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']
/** Servers then answer with names and leave the content out: of a Secret, the secrets. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
/** After this a read is not retried: each try may take as long as an answer may. */
const RETRIES_UNTIL_MS = 45_000

/**
 * The Kubernetes API. Every method throws ExternalError (ApiError if the server answered) with the request. Reads are
 * retried a few times if the server is overloaded or the connection breaks; writes never are.
 */
export class KubeApi {
  /** Whether the server ever answered: if not, a refused connection means that there is none. */
  private answered = false

  constructor(private readonly transport: ApiTransport) {}

  async get<T extends ClusterObject>(target: Target): Promise<T> {
    return understood<T>('get', target, await this.read('get', target, pathOf(target)))
  }

  /** Like `get`; undefined if the object does not exist. */
  async find<T extends ClusterObject>(target: Target): Promise<T | undefined> {
    try {
      return await this.get<T>(target)
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }

  /** Whether the object exists; its content is not requested. */
  async exists(target: Target): Promise<boolean> {
    try {
      await this.read('get', target, pathOf(target), METADATA_ONLY)
      return true
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false
      throw error
    }
  }

  async list<T extends ClusterObject>(target: Target, selection: Selection = {}): Promise<ObjectList<T>> {
    const text = await this.read('list', target, `${pathOf(target)}${query({ ...selection })}`)
    return understand('list', target, text, (value) => {
      const { apiVersion, kind, items, resourceVersion } = listOf(value)
      // The items of a typed list omit what the list has for all of them.
      const type = { apiVersion, kind: kind.replace(/List$/, '') }
      const read = (item: unknown) => ({ ...type, ...objectOf<T>(item, target.resource) })
      return { items: items.map(read), resourceVersion }
    })
  }

  async create<T extends ClusterObject>(target: Omit<Target, 'name'>, object: object): Promise<T> {
    return understood<T>('create', target, await this.write('create', target, object))
  }

  /** Writes the whole object as it was read: with its resourceVersion this is a compare-and-swap (409 otherwise). */
  async replace<T extends ClusterObject>(target: Target, object: object): Promise<T> {
    return understood<T>('update', target, await this.write('update', target, object))
  }

  /** Server-side apply: its fields become the manager's, whoever wrote them; created if it is gone. */
  async apply(target: Target, object: object, fieldManager: string): Promise<void> {
    await this.write('patch', target, object, {
      url: `${pathOf(target)}${query({ fieldManager, force: 'true' })}`,
      contentType: 'application/apply-patch+yaml',
    })
  }

  async patch(target: Target, operations: object[]): Promise<void> {
    await this.write('patch', target, operations, { contentType: 'application/json-patch+json' })
  }

  /**
   * Deletes one object, and what it owns in the background; fine if it is already gone. ApiError 409 if it is not the
   * object that was read.
   */
  async remove(target: Target, read: { uid?: string; resourceVersion?: string } = {}): Promise<void> {
    const { uid, resourceVersion } = read
    try {
      await this.write('delete', target, {
        propagationPolicy: 'Background',
        preconditions: { uid, resourceVersion },
      })
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error
    }
  }

  async version(): Promise<string> {
    const target = { resource: { apiVersion: 'version', plural: '' } }
    const text = await this.read('get', target, '/version')
    return understand('get', target, text, (value) => {
      const { gitVersion } = (value ?? {}) as { gitVersion?: unknown }
      return typeof gitVersion === 'string' ? gitVersion : 'of an unknown version'
    })
  }

  /** The end of a container's log, cut at 64 KiB. Read once, until `signal` is aborted. */
  async log(pod: Target, { container, previous, tailLines }: LogPart, signal: AbortSignal): Promise<string> {
    const part = { container, previous: previous ? 'true' : undefined, tailLines, limitBytes: LOG_BYTES }
    const response = await this.transport.open('GET', `${pathOf(pod)}/log${query(part)}`, undefined, signal)
    const text = await beginningOf(response)
    const { statusCode: status = 0, headers } = response
    if (status !== 200) throw explainAnswer('get', pod, { status, headers, text })
    return text
  }

  /** The changes of a collection after `resourceVersion`, until the server or `signal` ends them. Never retried. */
  async *watch<T extends ClusterObject>(
    target: Target,
    selection: Selection,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    const parameters = { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: String(WATCH_SECONDS) }
    const url = `${pathOf(target)}${query({ ...selection, resourceVersion, ...parameters })}`
    const response = await this.transport.open('GET', url, undefined, signal)
    const { statusCode: status = 0, headers } = response
    if (status !== 200) {
      throw explainAnswer('watch', target, { status, headers, text: await beginningOf(response) })
    }
    response.setEncoding('utf8')
    let rest = ''
    for await (const chunk of response) {
      const [first = '', ...lines] = (chunk as string).split('\n')
      const next = lines.pop()
      rest += first
      if (rest.length > MAX_EVENT)
        throw garbled('watch', target, `one event is longer than ${MAX_EVENT} characters`)
      if (next === undefined) continue
      for (const line of [rest, ...lines]) if (line.trim()) yield eventOf<T>(target, line)
      rest = next
    }
  }

  async close(): Promise<void> {
    await this.transport.close()
  }

  private async write(
    verb: WriteVerb,
    target: Target,
    body: object,
    { url = pathOf(target), contentType }: { url?: string; contentType?: string } = {},
  ): Promise<string> {
    let answer: Answer
    try {
      answer = await this.transport.exchange(METHODS[verb], url, body, { contentType })
    } catch (error) {
      if (error instanceof ExternalError) throw error
      throw explainSilence(verb, target, error)
    }
    if (answer.status >= 300) throw explainAnswer(verb, target, answer)
    return answer.text
  }

  private async read(verb: ApiVerb, target: Target, url: string, accept?: string): Promise<string> {
    const started = Date.now()
    for (let attempt = 0; ; attempt += 1) {
      const pause = Date.now() - started < RETRIES_UNTIL_MS ? RETRY_PAUSES_MS[attempt] : undefined
      let answer: Answer
      try {
        answer = await this.transport.exchange('GET', url, undefined, { accept })
      } catch (error) {
        if (error instanceof ExternalError) throw error // kubectl itself did not start
        if (pause === undefined) throw explainSilence(verb, target, error)
        await sleep(pause)
        continue
      }
      const noServer = !this.answered && isProxyFailure(answer) && isUnreachable(answer.text)
      this.answered ||= !isProxyFailure(answer)
      if (answer.status === 200) return answer.text
      const transient = [429, 500, 502, 503, 504].includes(answer.status) && !noServer
      if (!transient || pause === undefined) throw explainAnswer(verb, target, answer)
      await sleep(retryAfterMs(answer) ?? pause)
    }
  }
}

/** The beginning of a body, as text. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8')
  let text = ''
  for await (const chunk of response) {
    text += chunk as string
    if (text.length >= LOG_BYTES) break
  }
  return text.slice(0, LOG_BYTES)
}

/** Reads an answer; ExternalError if it is not Kubernetes'. */
function understand<T>(verb: ApiVerb, target: Target, text: string, read: (value: unknown) => T): T {
  try {
    return read(JSON.parse(text))
  } catch (error) {
    if (error instanceof ShapeError) throw garbled(verb, target, error.message)
    if (error instanceof SyntaxError) throw garbled(verb, target, 'it is not JSON', text)
    throw error
  }
}

function understood<T extends ClusterObject>(verb: ApiVerb, target: Omit<Target, 'name'>, text: string): T {
  return understand(verb, target, text, (value) => objectOf<T>(value, target.resource))
}

/** An event of a watch; the object of an ERROR is a Status, which is ignored. */
function eventOf<T extends ClusterObject>(target: Target, line: string): WatchEvent<T> {
  return understand('watch', target, line, (value) => {
    const { type, object } = (value ?? {}) as WatchEvent<T>
    if (type === 'ERROR') return { type, object }
    if (!EVENT_TYPES.includes(type)) throw new ShapeError('it is not an event')
    // A bookmark has only a resourceVersion.
    return type === 'BOOKMARK' && object?.metadata?.resourceVersion
      ? { type, object }
      : { type, object: objectOf<T>(object, target.resource) }
  })
}

function retryAfterMs({ headers }: Answer): number | undefined {
  const seconds = Number(headers['retry-after'] ?? NaN)
  return Number.isFinite(seconds) ? Math.min(seconds * 1000, LONGEST_PAUSE_MS) : undefined
}

function query(parameters: Record<string, string | number | undefined>): string {
  const given = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]): [string, string] => [name, String(value)])
  return given.length > 0 ? `?${new URLSearchParams(given).toString()}` : ''
}
