import { afterEach, describe, expect, test } from 'vitest'
import type { ApiError } from '../../../../src/cluster/kube/api-errors.js'
import { NODES, SECRETS, type Target } from '../../../../src/cluster/kube/kube-types.js'
import { ExternalError } from '../../../../src/model/errors.js'
import { failure, json, list, startFakeApi, type FakeApi } from './fake-api.js'

const VIRTUAL_SERVICES = { apiVersion: 'gateway.solo.io/v1', plural: 'virtualservices' }
let fake: FakeApi
afterEach(() => fake.close())

const secrets: Target = { resource: SECRETS, namespace: 'echo' }

describe('reads', () => {
  test('a list asks with its selector, and gives each item the type that the list leaves out', async () => {
    fake = await startFakeApi((_, response) =>
      json(response, 200, list('Secret', [{ metadata: { name: 'a' } }], '7')),
    )

    const found = await fake.api.list(secrets, { labelSelector: 'name=echo,owner=helm' })

    expect(found).toEqual({
      items: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } }],
      resourceVersion: '7',
    })
    expect(fake.requests).toEqual([
      {
        method: 'GET',
        path: '/api/v1/namespaces/echo/secrets',
        query: { labelSelector: 'name=echo,owner=helm' },
      },
    ])
  })

  test('find is undefined for what is not there', async () => {
    fake = await startFakeApi((_, response) => json(response, 404, failure(404, 'NotFound', 'not found')))

    expect(await fake.api.find({ ...secrets, name: 'a' })).toBeUndefined()
  })

  for (const [name, status] of Object.entries({
    overloaded: 429,
    'broken inside': 500,
    'bad gateway': 502,
    'not available': 503,
  })) {
    test(`${name} (${status}): asked again`, async () => {
      fake = await startFakeApi((_, response) =>
        fake.requests.length < 3
          ? json(response, status, failure(status, 'x', 'try later'), { 'retry-after': '0' })
          : json(response, 200, list('Secret', [])),
      )

      expect((await fake.api.list(secrets)).items).toEqual([])
      expect(fake.requests).toHaveLength(3)
    })
  }

  test('a connection cut: asked again', async () => {
    fake = await startFakeApi((_, response) =>
      fake.requests.length < 2 ? response.destroy() : json(response, 200, list('Secret', [])),
    )

    expect((await fake.api.list(secrets)).items).toEqual([])
  })

  test('overloaded for good: given up after four tries, with the request', async () => {
    fake = await startFakeApi((_, response) =>
      json(response, 503, failure(503, 'ServiceUnavailable', 'etcd is down'), { 'retry-after': '0' }),
    )

    await expect(fake.api.list(secrets)).rejects.toMatchObject({
      outcome: 'external',
      command: 'GET /api/v1/namespaces/echo/secrets',
      code: 503,
      message: expect.stringContaining('etcd is down'),
      nextSteps: expect.arrayContaining(['try again in a minute']),
    })
    expect(fake.requests).toHaveLength(4)
  })
})

describe('writes', () => {
  test('are never repeated', async () => {
    fake = await startFakeApi((_, response) => json(response, 503, failure(503, 'x', 'try later')))

    await expect(fake.api.create(secrets, { kind: 'Secret' })).rejects.toMatchObject({ code: 503 })
    expect(fake.requests).toHaveLength(1)
  })

  test('nor when the connection is cut', async () => {
    fake = await startFakeApi((_, response) => response.destroy())

    await expect(fake.api.create(secrets, { kind: 'Secret' })).rejects.toBeInstanceOf(ExternalError)
    expect(fake.requests).toHaveLength(1)
  })
})

describe('errors say what happened and what to do', () => {
  interface Case {
    name: string
    target?: Target
    status: number
    body: object | string
    says: RegExp
    remedy: RegExp
  }
  const cases: Case[] = [
    {
      name: 'credentials refused',
      status: 401,
      body: failure(401, 'Unauthorized', 'Unauthorized'),
      says: /does not accept your credentials/,
      remedy: /log in/,
    },
    {
      name: 'forbidden in a namespace',
      status: 403,
      body: failure(403, 'Forbidden', 'secrets is forbidden: User "dev" cannot list'),
      says: /may not list secrets in namespace echo/,
      remedy: /docs\/rbac\.yaml/,
    },
    {
      name: 'forbidden in all namespaces',
      target: { resource: SECRETS },
      status: 403,
      body: failure(403, 'Forbidden', 'no'),
      says: /may not list secrets in all namespaces/,
      remedy: /-n\/--namespace/,
    },
    {
      name: 'forbidden on a cluster-wide kind, with its group',
      target: { resource: VIRTUAL_SERVICES },
      status: 403,
      body: failure(403, 'Forbidden', 'no'),
      says: /virtualservices/,
      remedy: /can-i list virtualservices\.gateway\.solo\.io --all-namespaces/,
    },
    {
      name: 'a kind the cluster does not know',
      target: { resource: VIRTUAL_SERVICES },
      status: 404,
      body: failure(404, 'NotFound', 'the server could not find the requested resource'),
      says: /does not serve virtualservices of gateway\.solo\.io\/v1/,
      remedy: /canary doctor/,
    },
    {
      name: 'nobody at the address of the kubeconfig',
      target: { resource: NODES },
      status: 500,
      body: 'dial tcp 127.0.0.1:6443: connect: connection refused',
      says: /Cannot reach the cluster: dial tcp 127\.0\.0\.1:6443: connect: connection refused/,
      remedy: /^kubectl cluster-info[^]*--kubeconfig/,
    },
    {
      name: 'nobody where kubectl looks without a kubeconfig',
      target: { resource: NODES },
      status: 500,
      body: 'dial tcp [::1]:8080: connect: connection refused',
      says: /Cannot reach the cluster/,
      remedy: /^name an existing kubeconfig[^]*canary sandbox start[^]*--kubeconfig/,
    },
    {
      name: 'no credentials from the plugin',
      status: 500,
      body: 'getting credentials: exec: executable aws not found',
      says: /no credentials.*executable aws not found/,
      remedy: /log in/,
    },
  ]
  for (const { name, target = secrets, status, body, says, remedy } of cases) {
    test(name, async () => {
      fake = await startFakeApi((_, response) =>
        typeof body === 'string'
          ? response.writeHead(status, { 'content-type': 'text/plain', 'retry-after': '0' }).end(body)
          : json(response, status, body),
      )

      const error = (await fake.api.list(target).catch((caught: unknown) => caught)) as ApiError

      expect(error).toBeInstanceOf(ExternalError)
      expect(error.message).toMatch(says)
      expect(error.nextSteps.join('\n')).toMatch(remedy)
      expect(error.code).toBe(status)
      expect(error.command).toMatch(/^GET \/api/)
    })
  }

  test('where nobody ever answered, a refused connection is not tried again', async () => {
    fake = await startFakeApi((_, response) =>
      response.writeHead(500, { 'content-type': 'text/plain' }).end('connect: connection refused'),
    )

    await expect(fake.api.list(secrets)).rejects.toThrow(/Cannot reach the cluster/)
    expect(fake.requests).toHaveLength(1)
  })

  test('where somebody did, it is', async () => {
    fake = await startFakeApi((_, response) =>
      fake.requests.length === 2
        ? response.writeHead(500, { 'content-type': 'text/plain' }).end('connect: connection refused')
        : json(response, 200, list('Secret', [])),
    )

    await fake.api.list(secrets)
    await fake.api.list(secrets)
    expect(fake.requests).toHaveLength(3)
  })
})

test('of a message of megabytes only the beginning is repeated', async () => {
  const message = 'x'.repeat(5_000_000)
  fake = await startFakeApi((_, response) => json(response, 422, failure(422, 'Invalid', message)))
  const error = (await fake.api.list(secrets).catch((thrown: unknown) => thrown)) as ApiError
  expect(error.message).toContain('… (5000000 characters)')
  expect(error.message.length + error.stderr!.length).toBeLessThan(5000)
})
