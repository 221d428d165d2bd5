import { afterEach, describe, expect, test } from 'vitest'
import type { ClusterObject } from '../../../src/cluster/cluster.js'
import { createVirtualService, gatewayView, selectsApiGroup } from '../../../src/cluster/gateway.js'
import { failure, json, list, startFakeApi, type FakeApi } from './fake-api.js'

function virtualService(delegateAction: object | undefined): ClusterObject {
  return {
    apiVersion: 'gateway.solo.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'app', namespace: 'gloo-system' },
    spec: { virtualHost: { routes: [{ matchers: [{ prefix: '/' }], delegateAction }] } },
  }
}

describe('whether a VirtualService selects a RouteTable labelled apiGroup: example in namespace echo', () => {
  const labels = { apiGroup: 'example' }
  const all = { namespaces: ['*'] }
  const expression = (key: string, operator?: string, values?: string[]) => ({
    selector: { ...all, expressions: [{ key, operator, values }] },
  })
  const cases: Record<string, { action: object | undefined; selects: boolean }> = {
    'its label, all namespaces': { action: { selector: { ...all, labels } }, selects: true },
    'its label, its namespace': { action: { selector: { labels, namespaces: ['echo'] } }, selects: true },
    'its label, another namespace': {
      action: { selector: { labels, namespaces: ['shop'] } },
      selects: false,
    },
    'its label, no namespaces: the own one only': { action: { selector: { labels } }, selects: false },
    'another label': { action: { selector: { ...all, labels: { apiGroup: 'other' } } }, selects: false },
    'its label and one it lacks': {
      action: { selector: { ...all, labels: { ...labels, team: 'a' } } },
      selects: false,
    },
    'everything in all namespaces': { action: { selector: all }, selects: true },
    'In, with it': { action: expression('apiGroup', 'In', ['a', 'example']), selects: true },
    'In, without it': { action: expression('apiGroup', 'In', ['a']), selects: false },
    'Equals by default': { action: expression('apiGroup', undefined, ['example']), selects: true },
    NotEquals: { action: expression('apiGroup', 'NotEquals', ['example']), selects: false },
    'NotIn of a label it lacks': { action: expression('team', 'NotIn', ['a']), selects: true },
    Exists: { action: expression('apiGroup', 'Exists'), selects: true },
    DoesNotExist: { action: expression('apiGroup', 'DoesNotExist'), selects: false },
    'a word Gloo does not know': { action: expression('apiGroup', 'Like', ['example']), selects: false },
    'a table by its name': { action: { ref: { name: 'echo-routes', namespace: 'echo' } }, selects: true },
    'another table by its name': { action: { ref: { name: 'x', namespace: 'echo' } }, selects: false },
    'a table by its name, the old way': {
      action: { name: 'echo-routes', namespace: 'echo' },
      selects: true,
    },
    'no delegation': { action: undefined, selects: false },
  }
  for (const [name, { action, selects }] of Object.entries(cases)) {
    test(`${name}: ${selects}`, () => {
      expect(selectsApiGroup(virtualService(action), labels, 'echo', 'echo-routes')).toBe(selects)
    })
  }

  test('without namespaces, in its own', () => {
    expect(selectsApiGroup(virtualService({ selector: { labels } }), labels, 'gloo-system')).toBe(true)
  })

  test('one without a spec selects nothing', () => {
    expect(selectsApiGroup({ ...virtualService({}), spec: undefined }, labels, 'echo')).toBe(false)
  })
})

describe('objects of the gateway', () => {
  let fake: FakeApi
  afterEach(() => fake.close())

  test('what may not be read in all namespaces is read in gloo-system, or left out', async () => {
    fake = await startFakeApi(({ path }, response) =>
      path === '/apis/gateway.solo.io/v1/namespaces/gloo-system/virtualservices'
        ? json(response, 200, list('VirtualService', [{ metadata: { name: 'app' } }]))
        : json(response, 403, failure(403, 'Forbidden', 'no')),
    )

    const { virtualServices, routeTables } = await gatewayView(fake.api)

    expect(virtualServices.map(({ metadata }) => metadata.name)).toEqual(['app'])
    expect(routeTables).toEqual([])
  })

  test('the VirtualService that is made selects the apiGroup in every namespace', async () => {
    fake = await startFakeApi(({ body }, response) => json(response, 201, body))

    await createVirtualService(fake.api, 'example')

    const [request] = fake.requests
    expect(request?.path).toBe('/apis/gateway.solo.io/v1/namespaces/gloo-system/virtualservices')
    expect(request?.body.metadata.name).toBe('app')
    expect(selectsApiGroup(request?.body, { apiGroup: 'example' }, 'echo')).toBe(true)
  })

  test('one that another made for the same apiGroup at the same moment will do', async () => {
    let made = {}
    fake = await startFakeApi(({ method, body }, response) => {
      if (method === 'GET') return json(response, 200, made)
      made = body
      return json(response, 409, failure(409, 'AlreadyExists', 'exists'))
    })

    await expect(createVirtualService(fake.api, 'example')).resolves.toBeUndefined()
  })

  test('one of that name is left as it is: a conflict', async () => {
    const other = {
      apiVersion: 'gateway.solo.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'app', namespace: 'gloo-system' },
      spec: { virtualHost: { domains: ['shop.example'], routes: [] } },
    }
    fake = await startFakeApi(({ method }, response) =>
      method === 'GET'
        ? json(response, 200, other)
        : json(response, 409, failure(409, 'AlreadyExists', 'exists')),
    )

    await expect(createVirtualService(fake.api, 'example')).rejects.toMatchObject({
      outcome: 'conflict',
      message: expect.stringContaining('does not select apiGroup example'),
    })
  })
})
