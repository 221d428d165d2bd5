import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Intercept } from '../../../../src/sandbox/api-server/access.js'
import { RESOURCES } from '../../../../src/sandbox/api-server/resources.js'
import { startApiServer, type ApiServer } from '../../../../src/sandbox/api-server/server.js'
import { ObjectStore } from '../../../../src/sandbox/api-server/store.js'

const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { type: 'NodePort', ports: [{ port: 80 }] },
}

describe('API server', () => {
  let store: ObjectStore
  let server: ApiServer
  let intercept: Intercept

  beforeEach(async () => {
    store = new ObjectStore(5)
    store.create(RESOURCES.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } })
    intercept = () => undefined
    server = await startApiServer({ store, token: 'secret', intercept: (request) => intercept(request) })
  })
  afterEach(() => server.close())

  async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(server.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
    }
  }
  const services = '/api/v1/namespaces/n/services'

  it.each([
    [undefined, 200],
    ['Bearer secret', 200],
    ['Bearer wrong', 401],
  ])('with authorization %s answers %i', async (authorization, status) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
    expect((await send('GET', services, undefined, headers)).status).toBe(status)
  })

  it.each([
    ['Secret', { data: { release: 'AAAA'.repeat(349_526) } }, 'data'],
    ['ConfigMap', { data: { a: 'ä'.repeat(300_000) }, binaryData: { b: 'AAAA'.repeat(150_000) } }, '[]'],
  ])('takes a %s up to 1 MiB of data', async (kind, data, field) => {
    const path = `/api/v1/namespaces/n/${kind.toLowerCase()}s`
    const sent = { apiVersion: 'v1', kind, metadata: { name: 'large' } }
    const { status, body } = await send('POST', path, { ...sent, ...data })
    expect({ status, message: body.message }).toEqual({
      status: 422,
      message: `${kind} "large" is invalid: ${field}: Too long: must have at most 1048576 bytes`,
    })
    const fits = kind === 'Secret' ? { release: 'AAAA'.repeat(349_525) } : { a: 'ä'.repeat(524_288) }
    expect((await send('POST', path, { ...sent, data: fits })).status).toBe(201)
  })

  it('refuses a body of more than 3 MiB', async () => {
    const data = { a: 'a'.repeat(3 * 1024 * 1024) }
    const sent = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'huge' }, data }
    expect(await send('POST', '/api/v1/namespaces/n/configmaps', sent)).toMatchObject({
      status: 413,
      body: { reason: 'RequestEntityTooLarge' },
    })
  })

  it.each(['/healthz', '/livez', '/readyz'])('says it is well at %s', async (path) => {
    expect(await send('GET', path)).toMatchObject({ status: 200, body: 'ok' })
  })

  it('gives services addresses and node ports of their own', async () => {
    const first = (await send('POST', services, SERVICE)).body
    const second = (await send('POST', services, { ...SERVICE, metadata: { name: 'two' } })).body
    expect(first.spec.clusterIP).not.toBe(second.spec.clusterIP)
    expect(first.spec.ports[0].nodePort).not.toBe(second.spec.ports[0].nodePort)
    // They stay when an update leaves them out.
    const updated = (await send('PUT', `${services}/web`, { ...SERVICE, metadata: {} })).body
    expect(updated.spec.clusterIP).toBe(first.spec.clusterIP)
  })

  it('generates names', async () => {
    const { body } = await send('POST', services, { ...SERVICE, metadata: { generateName: 'web-' } })
    expect(body.metadata.name).toMatch(/^web-[a-z0-9]{5}$/)
  })

  it('warns of unknown fields, unless told not to', async () => {
    const object = { ...SERVICE, nonsense: 1 }
    const { headers } = await send('POST', `${services}?dryRun=All`, object)
    expect(headers.get('warning')).toBe('299 - "unknown field \\"nonsense\\""')
    const ignored = await send('POST', `${services}?dryRun=All&fieldValidation=Ignore`, object)
    expect(ignored.headers.get('warning')).toBeNull()
    expect(store.list(RESOURCES.services)).toEqual([])
  })

  it.each([
    [
      'another name',
      '/web',
      { ...SERVICE, metadata: { name: 'other' } },
      'does not match the name on the URL',
    ],
    [
      'another namespace',
      '',
      { ...SERVICE, metadata: { name: 'web', namespace: 'other' } },
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    ['another version', '', { ...SERVICE, apiVersion: 'v2' }, 'does not match the expected API version (v1)'],
  ])('refuses an object with %s', async (_case, path, object, message) => {
    await send('POST', services, SERVICE)
    const { status, body } = await send(path === '' ? 'POST' : 'PUT', services + path, object)
    expect(status).toBe(400)
    expect(body.message).toContain(message)
  })

  it('reads YAML', async () => {
    const { status } = await send('POST', services, 'metadata: {name: y}\nspec: {ports: [{port: 1}]}', {
      'content-type': 'application/yaml',
    })
    expect(status).toBe(201)
  })

  it('keeps an object until its finalizers are gone', async () => {
    await send('POST', services, { ...SERVICE, metadata: { name: 'web', finalizers: ['test/hold'] } })
    const { body } = await send('DELETE', `${services}/web`)
    expect(body.metadata.deletionTimestamp).toBeDefined()
    await send('PATCH', `${services}/web`, '{"metadata":{"finalizers":null}}', {
      'content-type': 'application/merge-patch+json',
    })
    expect(store.list(RESOURCES.services)).toEqual([])
  })

  it.each([
    ['in the body', '', { propagationPolicy: 'Orphan' }],
    ['in the query', '?propagationPolicy=Orphan', undefined],
    [
      'in the body, which has the last word',
      '?propagationPolicy=Background',
      { propagationPolicy: 'Orphan' },
    ],
  ])('leaves dependents without an owner when told to orphan them: %s', async (_where, query, options) => {
    const { body } = await send('POST', services, SERVICE)
    const owner = { apiVersion: 'v1', kind: 'Service', name: 'web', uid: body.metadata.uid as string }
    store.create(RESOURCES.configmaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c', namespace: 'n', ownerReferences: [owner] },
    })
    await send('DELETE', `${services}/web${query}`, options)
    expect(store.get(RESOURCES.configmaps, 'n', 'c')?.metadata.ownerReferences).toEqual([])
  })

  it('deletes a collection by its labels', async () => {
    for (const name of ['a', 'b']) {
      await send('POST', services, { ...SERVICE, metadata: { name, labels: { name } } })
    }
    await send('DELETE', `${services}?labelSelector=name%3Da`)
    expect(store.list(RESOURCES.services).map(({ metadata }) => metadata.name)).toEqual(['b'])
  })

  it('writes the status at its own endpoint only', async () => {
    await send('POST', services, { ...SERVICE, status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } } })
    const live = () => store.get(RESOURCES.services, 'n', 'web')
    expect(live()?.status).toEqual({ loadBalancer: {} })
    const changed = { ...SERVICE, spec: {}, status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } } }
    await send('PUT', `${services}/web/status`, changed)
    expect(live()).toMatchObject({ spec: { type: 'NodePort' }, status: changed.status })
  })

  it('answers in place of the API where it is told to', async () => {
    intercept = ({ verb }) =>
      verb === 'list' ? { status: 503, reason: 'ServiceUnavailable', message: 'later' } : 'forbidden'
    expect(await send('GET', services)).toMatchObject({
      status: 503,
      body: { reason: 'ServiceUnavailable', message: 'later' },
    })
    expect((await send('GET', `${services}/web`)).body.message).toBe(
      'services "web" is forbidden: User "sandbox" cannot get resource "services" in API group "" in the namespace "n"',
    )
    expect((await send('DELETE', '/apis/apps/v1/deployments')).body.message).toBe(
      'deployments.apps is forbidden: User "sandbox" cannot deletecollection resource "deployments" ' +
        'in API group "apps" at the cluster scope',
    )
  })

  it('answers 500 where it fails itself', async () => {
    intercept = () => {
      throw new Error('oops')
    }
    expect(await send('GET', services)).toMatchObject({
      status: 500,
      body: { message: 'the sandbox failed: Error: oops' },
    })
  })

  it('replays a watch from a resourceVersion, and says when that is too long ago', async () => {
    await send('POST', services, SERVICE)
    const { resourceVersion } = (await send('GET', services)).body.metadata
    await send('PATCH', `${services}/web`, '{"metadata":{"labels":{"a":"b"}}}', {
      'content-type': 'application/merge-patch+json',
    })
    const watch = async (from: string) => {
      const query = `watch=1&timeoutSeconds=1&resourceVersion=${from}`
      const reader = (await fetch(`${server.url}${services}?${query}`)).body!.getReader()
      const { value } = await reader.read()
      await reader.cancel()
      return JSON.parse(new TextDecoder().decode(value))
    }
    expect(await watch(resourceVersion as string)).toMatchObject({
      type: 'MODIFIED',
      object: { metadata: { labels: { a: 'b' } } },
    })
    for (let index = 0; index < 10; index++)
      await send('POST', services, { ...SERVICE, metadata: { generateName: 'x' } })
    expect(await watch('1')).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } })
  })

  it('ends open watches when it closes', async () => {
    const response = await fetch(`${server.url}${services}?watch=1`)
    const rest = response.text().catch(() => 'cut')
    await server.close()
    expect(await rest).toBe('cut')
    server = await startApiServer({ store })
  })
})
