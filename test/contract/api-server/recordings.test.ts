import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApiServer, type ApiServer } from '../../../src/sandbox/api-server/server.js'
import { ObjectStore } from '../../../src/sandbox/api-server/store.js'

/**
 * What a kube-apiserver 1.35.4 answered to 65 requests, in order, asked of the sandbox. Left out of the analysis:
 * - ids, times, ages, resourceVersions and cluster IPs: they differ from run to run on a real server too;
 * - what controllers wrote (status of workloads, the revision annotation and their managedFields): none run here;
 * - descriptions of table columns, storage hashes and build details, which the sandbox does not have;
 * - kinds of apps/v1 that the sandbox does not serve, and managedFields of an access review, which is kept nowhere;
 * - the exchanges of NOT_CLAIMED, for the reasons given there.
 */
interface Exchange {
  name: string
  method: string
  path: string
  content_type: string | null
  accept: string | null
  body: unknown
  status: number
  response_content_type?: string
  response: any
}

const NOT_CLAIMED: Record<string, string> = {
  'no credentials': 'clients send no token over plain HTTP, so the sandbox asks for none',
  'watch with initial events': 'the recorded server had streaming lists switched off; the sandbox has them',
}

const fixture = new URL('fixtures/kube-apiserver-recordings.json', import.meta.url)
const { exchanges } = JSON.parse(readFileSync(fixture, 'utf8')) as { exchanges: Exchange[] }

describe('answers of a real API server', () => {
  let server: ApiServer
  /** resourceVersions of the recording, and what they are here. */
  const versions = new Map<string, string>()

  beforeAll(async () => {
    // A short history, so that the recorded watch from resourceVersion 1 starts too far back here as well.
    server = await startApiServer({ store: new ObjectStore(5) })
  })
  afterAll(() => server.close())

  it.each(exchanges.filter(({ name }) => !(name in NOT_CLAIMED)))('$name', async (exchange) => {
    const response = await fetch(server.url + exchange.path, {
      method: exchange.method,
      headers: {
        'user-agent': 'recorder/1',
        ...(exchange.content_type ? { 'content-type': exchange.content_type } : {}),
        ...(exchange.accept ? { accept: exchange.accept } : {}),
      },
      body: exchange.body === null ? undefined : await bodyFor(exchange),
    })
    const text = await response.text()
    expect(response.status, text).toBe(exchange.status)
    expect(response.headers.get('content-type')).toBe(exchange.response_content_type ?? 'application/json')
    const answer: any = exchange.response_content_type?.startsWith('text/') ? text : JSON.parse(text)
    const { uid, resourceVersion: recorded } = (exchange.response?.metadata ?? {}) as Record<string, string>
    if (uid && recorded) {
      const present = answer.metadata.resourceVersion as string
      // What did not change there must not change here.
      expect(present).toBe(versions.get(recorded) ?? present)
      versions.set(recorded, present)
    }
    expect(comparable(answer, exchange)).toEqual(comparable(exchange.response, exchange))
  })

  /** The recorded body; a resourceVersion in it becomes the one that the same answer had here. */
  async function bodyFor({ body, path, method, status }: Exchange): Promise<string> {
    if (typeof body === 'string') return body
    const { metadata } = body as { metadata?: Record<string, unknown> }
    if (method !== 'PUT' || !metadata?.resourceVersion) return JSON.stringify(body)
    const current = (await (await fetch(server.url + path)).json()) as any
    const recorded = metadata.resourceVersion as string
    // Unknown ones are of the recorded server's controllers, or (with a conflict) are meant to be stale.
    const resourceVersion =
      versions.get(recorded) ?? (status === 409 ? recorded : current.metadata.resourceVersion)
    const sent = { ...metadata, uid: current.metadata.uid as string, resourceVersion }
    return JSON.stringify({ ...(body as object), metadata: sent })
  }
})

const UID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g

function comparable(answer: unknown, { name }: Exchange): unknown {
  if (typeof answer === 'string') return answer
  const result = JSON.parse(
    JSON.stringify(answer, withoutUnclaimed)
      .replace(UID, '<uid>')
      .replace(TIME, '<time>')
      .replace(/"10\.96\.\d+\.\d+"/g, '"<ip>"')
      .replace(/too old resource version: 1 \(\d+\)/, 'too old resource version: 1 (<version>)'),
  )
  // The recorder changed this answer's holder before it wrote it down.
  if (name === 'create lease') delete result.spec.holderIdentity
  return result
}

const UNCLAIMED_KEYS = new Set([
  'resourceVersion',
  'storageVersionHash',
  'description',
  'gitCommit',
  'goVersion',
  'compiler',
  'deployment.kubernetes.io/revision',
])
const UNSERVED = /^(controllerrevisions|daemonsets|statefulsets)/

function withoutUnclaimed(this: any, key: string, value: any): unknown {
  if (UNCLAIMED_KEYS.has(key)) return undefined
  if (key === 'annotations' && Object.keys(value as object).every((name) => UNCLAIMED_KEYS.has(name)))
    return undefined
  if (key === 'status' && this.spec?.template) return undefined
  if (key === 'metadata' && this.kind === 'SelfSubjectAccessReview') return {}
  if (key === 'managedFields') {
    return value.filter((entry: any) => entry.manager !== 'kube-controller-manager')
  }
  if (key === 'resources' && Array.isArray(value)) {
    return value.filter((resource) => !UNSERVED.test(resource.name as string))
  }
  if (key === 'cells') return value.map((cell: unknown) => (/^\d+s$/.test(String(cell)) ? '<age>' : cell))
  return value
}
