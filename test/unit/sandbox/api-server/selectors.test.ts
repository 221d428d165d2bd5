import { describe, expect, it } from 'vitest'
import { parseSelectors } from '../../../../src/sandbox/api-server/selectors.js'

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', namespace: 'n', labels: { app: 'echo', version: 'v1', empty: '' } },
  status: { phase: 'Running' },
}

function selects(query: Record<string, string>, kind = 'Pod'): boolean {
  return parseSelectors(new URLSearchParams(query), kind)(pod)
}

describe('label selectors', () => {
  it.each([
    ['', true],
    ['app=echo', true],
    ['app==echo,version=v1', true],
    ['app=other', false],
    ['app!=echo', false],
    ['nope!=x', true],
    ['version in (v1, v2)', true],
    ['version notin (v1,v2)', false],
    ['nope notin (v1)', true],
    ['nope in (v1)', false],
    ['app', true],
    ['!app', false],
    ['!nope,app', true],
    ['empty=', true],
    ['app=', false],
  ])('%s', (labelSelector, expected) => {
    expect(selects({ labelSelector })).toBe(expected)
  })

  it.each([
    ['==', "found '==', expected: !, identifier, or 'end of string'"],
    ['app in v1', "found 'v1', expected: '('"],
    ['app=a b', "found 'b', expected: ',' or 'end of string'"],
    ['app in (a', "found '', expected: ',' or ')'"],
  ])('refuses %s', (labelSelector, message) => {
    expect(() => selects({ labelSelector })).toThrow(message)
  })
})

describe('field selectors', () => {
  it.each([
    ['metadata.name=a', true],
    ['metadata.name=b', false],
    ['metadata.name!=b,metadata.namespace=n', true],
    ['status.phase=Running', true],
    ['spec.nodeName=', true],
  ])('%s', (fieldSelector, expected) => {
    expect(selects({ fieldSelector })).toBe(expected)
  })

  it('refuses fields that a kind is not selected by', () => {
    expect(() => selects({ fieldSelector: 'status.phase=x' }, 'Deployment')).toThrow(
      'field label not supported: status.phase',
    )
  })
})
