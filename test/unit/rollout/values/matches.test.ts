import { expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/model/values.js'
import { installValues } from '../../../../src/rollout/values/install-values.js'
import { upgradeValues } from '../../../../src/rollout/values/upgrade-values.js'

const valuesWith = (match: JsonObject): JsonObject => ({ routes: { matches: [{ prefix: '/echo' }, match] } })

test.each<[JsonObject, RegExp]>([
  [{ exact: '/x?y=1' }, /^routes\.matches\[1\]\.exact: "\/x\?y=1" has a query/],
  [
    { prefix: '/a b' },
    /^routes\.matches\[1\]\.prefix: "\/a b" has characters that clients send percent-encoded/,
  ],
  [
    { exact: '/x', headers: { 'X-Tenant': 'Zürich' } },
    /^routes\.matches\[1\]\.headers: "X-Tenant" has a value with characters that are not printable ASCII/,
  ],
  [{ exact: '/x', headers: { Host: 'a.example' } }, /"Host" is part of the address/],
])('%j is refused by an install, and by an upgrade that brings it', (match, says) => {
  const values = valuesWith(match)
  expect(() => installValues('v1', values)).toThrow(says)
  const { routes } = valuesWith({ exact: '/x' })
  const deployed = {
    deployment: { v1: {} },
    routes: { ...(routes as JsonObject), primary: { version: 'v1' } },
  }
  const upgrade = (from: JsonObject) =>
    upgradeValues({ app: 'echo', namespace: 'echo' }, from, { base: values, set: [], setString: [] })
  expect(() => upgrade(deployed)).toThrow(says)
  // Taken by its chart once, it does not hold up what has nothing to do with it.
  const old = { ...deployed, routes: { ...deployed.routes, matches: (values.routes as JsonObject).matches! } }
  expect(upgrade(old)).toEqual(old)
})
