import { afterEach, describe, expect, test } from 'vitest'
import { createVirtualService } from '../../../../src/routing/gloo/attachment.js'
import { selectsApiGroup } from '../../../../src/routing/gloo/objects/selection.js'
import { failure, json, startFakeApi, type FakeApi } from '../../cluster/kube/fake-api.js'

describe('objects of the gateway', () => {
  let fake: FakeApi
  afterEach(() => fake.close())

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
