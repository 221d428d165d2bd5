import { describe, expect, test } from 'vitest'
import { compileMatch } from '../../../../src/sandbox/gateway/gloo/compile-match.js'
import { matches } from '../../../../src/sandbox/gateway/matching.js'

interface Asked {
  method?: string
  url?: string
  headers?: Record<string, string>
}

function fits(matcher: object, { method = 'GET', url = '/echo', headers = {} }: Asked): boolean | undefined {
  const [path = '', query] = url.split('?')
  const compiled = compileMatch(matcher)
  return compiled && matches(compiled, { method, path, query: new URLSearchParams(query), headers })
}

describe('a request and a matcher', () => {
  test.each<[string, object, Asked, boolean]>([
    ['a prefix is a prefix of the text', { prefix: '/echo' }, { url: '/echofoo' }, true],
    ['no path is any path', {}, { url: '/any' }, true],
    ['exact is exact', { exact: '/echo' }, { url: '/echo/' }, false],
    ['exact looks past the query', { exact: '/echo' }, { url: '/echo?a=1' }, true],
    ['paths have a case', { prefix: '/Echo' }, {}, false],
    ['unless told otherwise', { prefix: '/Echo', caseSensitive: false }, {}, true],
    ['a regex must match all of the path', { regex: '/ech' }, {}, false],
    ['a regex that does', { regex: '/[a-z]+' }, {}, true],
    ['RE2: flags at the beginning', { regex: '(?i)/ECHO' }, {}, true],
    ['RE2: a named group', { regex: '/(?P<app>echo)' }, {}, true],
    ['RE2: an escaped dash', { regex: '/ec\\-?ho' }, {}, true],
    ['methods', { prefix: '/', methods: ['POST', 'PUT'] }, {}, false],
    [
      'a header by its value',
      { headers: [{ name: 'stage', value: 'canary' }] },
      { headers: { stage: 'canary' } },
      true,
    ],
    [
      'header values have a case',
      { headers: [{ name: 'stage', value: 'canary' }] },
      { headers: { stage: 'Canary' } },
      false,
    ],
    [
      'header names have none',
      { headers: [{ name: 'Stage', value: 'x' }] },
      { headers: { stage: 'x' } },
      true,
    ],
    ['a header present', { headers: [{ name: 'stage' }] }, { headers: { stage: '' } }, true],
    ['a header absent', { headers: [{ name: 'stage', invertMatch: true }] }, {}, true],
    [
      'inverted value, another value',
      { headers: [{ name: 'a', value: '1', invertMatch: true }] },
      { headers: { a: '2' } },
      true,
    ],
    ['inverted value, no header', { headers: [{ name: 'a', value: '1', invertMatch: true }] }, {}, false],
    ['all headers', { headers: [{ name: 'a' }, { name: 'b' }] }, { headers: { a: '1' } }, false],
    ['a query parameter', { queryParameters: [{ name: 'v', value: '2' }] }, { url: '/?v=2' }, true],
    [
      'a query parameter by regex',
      { queryParameters: [{ name: 'v', value: '\\d', regex: true }] },
      { url: '/?v=22' },
      false,
    ],
  ])('%s', (_, matcher, asked, expected) => {
    expect(fits(matcher, asked)).toBe(expected)
  })

  test.each([
    ['an open bracket', { regex: '(' }],
    ['look-ahead', { regex: 'a(?=b)' }],
    ['look-behind', { headers: [{ name: 'a', value: '(?<!x)y', regex: true }] }],
    ['a back-reference', { queryParameters: [{ name: 'a', value: '(.)\\1', regex: true }] }],
  ])('Envoy refuses %s', (_, matcher) => {
    expect(compileMatch(matcher)).toBeUndefined()
  })
})
