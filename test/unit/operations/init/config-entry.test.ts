import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { withApp } from '../../../../src/operations/init/config-entry.js'

describe('canary.yaml', () => {
  const shop = { app: 'shop', settings: { namespace: 'shop' }, force: false }
  const MINE = `# mine
defaults:
  # slow here
  verify-timeout: 2m   # minutes
apps:
  cart: {namespace: carts}   # the other
`

  test('that is there gets the app, and keeps every word', () => {
    const text = withApp(MINE, 'canary.yaml', shop)!
    expect(text).toBe(`# mine
defaults:
  # slow here
  verify-timeout: 2m # minutes
apps:
  cart: { namespace: carts } # the other
  shop:
    namespace: shop
`)
  })

  test.each<[string, string, unknown]>([
    ['an empty file', '', { apps: { shop: { namespace: 'shop' } } }],
    ['comments alone', '# mine', { apps: { shop: { namespace: 'shop' } } }],
    ['no apps', 'defaults: {host: a}', { defaults: { host: 'a' }, apps: { shop: { namespace: 'shop' } } }],
    ['apps of nothing', 'apps:', { apps: { shop: { namespace: 'shop' } } }],
    ['an app of nothing', 'apps: {shop: }', { apps: { shop: { namespace: 'shop' } } }],
  ])('%s', (_name, text, expected) => {
    expect(parse(withApp(text, 'canary.yaml', shop)!)).toEqual(expected)
  })

  test('with settings of the app stays as it is without force, and keeps the others with it', () => {
    const text = 'apps:\n  shop: {namespace: other, host: shop.example} # mine\n'
    expect(withApp(text, 'canary.yaml', shop)).toBeUndefined()
    expect(withApp(text, 'canary.yaml', { ...shop, force: true })).toBe(
      'apps:\n  shop: { namespace: shop, host: shop.example } # mine\n',
    )
  })

  test.each([
    ['a: [', /^canary.yaml, line 1: /],
    ['a: 1\n---\nb: 2', 'canary.yaml, line 2: there is a second document.'],
    ['- a', 'canary.yaml, line 1: the file must be a map.'],
    ['apps: [shop]', 'canary.yaml: apps must be a map.'],
    ['apps: {shop: 1}', 'canary.yaml: apps.shop must be a map.'],
  ])('%j is told, and left alone', (text, message) => {
    expect(() => withApp(text, 'canary.yaml', shop)).toThrow(message)
  })
})
