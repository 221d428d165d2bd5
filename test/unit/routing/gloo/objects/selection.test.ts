import { describe, expect, test } from 'vitest'
import type { GlooObject } from '../../../../../src/routing/gloo/objects/gloo-object.js'
import { describeDelegations, selectsApiGroup } from '../../../../../src/routing/gloo/objects/selection.js'

function virtualService(delegateAction: object | undefined): GlooObject {
  return {
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

test.each([
  [
    { selector: { labels: { apiGroup: 'example' }, namespaces: ['*'] } },
    'delegates to RouteTables with apiGroup: example',
  ],
  [
    { selector: { labels: { apiGroup: 'example' } } },
    'delegates to RouteTables with apiGroup: example in namespace gloo-system',
  ],
  [
    { selector: { expressions: [{ key: 'team', operator: 'Exists' }], namespaces: ['*'] } },
    'delegates to RouteTables with an expression on team',
  ],
  [{ ref: { name: 'echo-routes', namespace: 'echo' } }, 'delegates to RouteTable echo/echo-routes'],
  [undefined, 'delegates to no RouteTable'],
])('what a VirtualService delegates to, in words: %j', (action, words) => {
  expect(describeDelegations(virtualService(action))).toBe(words)
})
