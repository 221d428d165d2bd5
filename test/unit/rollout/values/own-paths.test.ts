import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/model/values.js'
import { isOwnPath } from '../../../../src/rollout/values/own-paths.js'

const fits = (regex: string, path: string) => new RegExp(`^(?:${regex})$`).test(path)
const isOwn = (path: string, matches?: JsonObject[]) =>
  isOwnPath(path, { app: 'echo', values: matches ? { routes: { matches } } : {}, fits })

test.each(['/echo', '/echo/', '/echo/items/1'])('without matches %s is a path of echo', (path) => {
  expect(isOwn(path)).toBe(true)
})

test.each(['/', '/echoes', '/echo-admin', '/foxtrot', '/Echo', '//echo'])('%s is not', (path) => {
  expect(isOwn(path)).toBe(false)
})

test.each<[string, JsonObject, string, boolean]>([
  ['the root takes all', { prefix: '/' }, '/anything', true],
  ['a prefix with a slash takes what is below it', { prefix: '/api/' }, '/api/a', true],
  ['but not itself without the slash', { prefix: '/api/' }, '/api', false],
  ['an exact path is that path', { exact: '/health' }, '/health', true],
  ['and nothing below it', { exact: '/health' }, '/health/live', false],
  ['a pattern has to match the whole path', { regex: '/items/[0-9]+' }, '/items/42', true],
  ['not a part of it', { regex: '/items/[0-9]+' }, '/items/42/edit', false],
])('%s', (_, match, path, expected) => {
  expect(isOwn(path, [{ prefix: '/other' }, match])).toBe(expected)
})

describe('what a proxy or server may read as another path is nobody’s', () => {
  test.each([
    '/echo/../foxtrot',
    '/echo/..',
    '/echo/./a',
    '/echo/%2e%2E/foxtrot',
    '/echo/.%2e/foxtrot',
    '/echo/..;/foxtrot',
    '/echo/..%2ffoxtrot',
    '/echo/..\\foxtrot',
    '/echo/%5c..',
  ])('%s', (path) => {
    expect(isOwn(path)).toBe(false)
    expect(isOwn(path, [{ prefix: '/' }, { regex: '.*' }])).toBe(false)
  })
})
