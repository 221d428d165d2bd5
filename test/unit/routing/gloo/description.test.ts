import { expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/model/values.js'
import { GLOO } from '../../../../src/routing/gloo/description.js'

test.each<[string, JsonObject, string | undefined]>([
  ['no VirtualService of its own', {}, undefined],
  ['one host', { virtualService: { domains: ['shop.example.com'] } }, 'shop.example.com'],
  [
    'the first that is no wildcard',
    { virtualService: { domains: ['*.example.com', 'a.example.com'] } },
    'a.example.com',
  ],
  ['wildcards alone', { virtualService: { domains: ['*'] } }, undefined],
])('the host of probes: %s', (_title, routes, host) => {
  expect(GLOO.host({ routes })).toBe(host)
})
