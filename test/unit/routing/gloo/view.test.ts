import { afterEach, describe, expect, test } from 'vitest'
import { readRoutes } from '../../../../src/routing/gloo/view.js'
import { failure, json, list, startFakeApi, type FakeApi } from '../../cluster/kube/fake-api.js'

describe('the routes of a cluster', () => {
  let fake: FakeApi
  afterEach(() => fake.close())

  test('what may not be read in all namespaces is read in gloo-system, or left out', async () => {
    const delegation = { delegateAction: { selector: { labels: { apiGroup: 'a' }, namespaces: ['*'] } } }
    const metadata = { name: 'app', namespace: 'gloo-system' }
    const spec = { virtualHost: { routes: [delegation] } }
    fake = await startFakeApi(({ path }, response) =>
      path === '/apis/gateway.solo.io/v1/namespaces/gloo-system/virtualservices'
        ? json(response, 200, list('VirtualService', [{ metadata, spec }]))
        : json(response, 403, failure(403, 'Forbidden', 'no')),
    )
    const view = await readRoutes(fake.api)
    const missing = (apiGroup: string) =>
      view.missingAttachment(
        { name: 'echo', namespace: 'echo' },
        { routes: { apiGroup } },
        'canary install echo v1',
      )

    expect(missing('a')).toBeUndefined()
    expect(missing('b')?.problem).toBe('No VirtualService selects routes of apiGroup b')
    expect(view.hidden).toEqual(['VirtualServices', 'RouteTables'])
  })
})
