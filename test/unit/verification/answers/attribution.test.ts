import { describe, expect, test } from 'vitest'
import { UsageError } from '../../../../src/model/errors.js'
import {
  compileAttribution,
  compileReadings,
  howToIdentify,
} from '../../../../src/verification/answers/attribution.js'
import type { VersionRule } from '../../../../src/model/verify/verify-settings.js'

interface Case {
  name: string
  rule?: VersionRule
  versionHeader?: string
  versionHeaderIsProof?: boolean
  headers?: Record<string, string>
  body?: string
  version?: string
}

const cases: Case[] = [
  { name: 'the default image', body: 'version:echo-v1\n', version: 'v1' },
  { name: 'the default image of another app', body: 'version:foxtrot-v1\n' },
  { name: 'the default image of an app whose name goes on', body: 'version:echo2-v1\n' },
  { name: 'a body that only begins like the default image', body: 'version:echo-v1 and more' },
  { name: 'an empty body', body: '' },
  { name: 'a header', rule: { header: 'X-Version' }, headers: { 'x-version': ' v2 ' }, version: 'v2' },
  { name: 'a header that is not there', rule: { header: 'x-version' } },
  { name: 'an empty header', rule: { header: 'x-version' }, headers: { 'x-version': '' } },
  { name: 'JSON', rule: { json: '$.app.version' }, body: '{"app":{"version":"v3"}}', version: 'v3' },
  { name: 'JSON without $', rule: { json: 'version' }, body: '{"version":"v3"}', version: 'v3' },
  { name: 'JSON index', rule: { json: '$.a[1].v' }, body: '{"a":[{"v":"x"},{"v":"y"}]}', version: 'y' },
  { name: 'JSON array', rule: { json: '$[0]' }, body: '["v9"]', version: 'v9' },
  { name: 'JSON number', rule: { json: '$.version' }, body: '{"version":12}', version: '12' },
  { name: 'JSON, a version with dots', rule: { json: '$.v' }, body: '{"v":"1.10.3"}', version: '1.10.3' },
  {
    name: 'JSON number, as it is written',
    rule: { json: '$.app.version' },
    body: '{"note": "\\"1.0\\" of 2", "app": {"version": 1.10}}',
    version: '1.10',
  },
  { name: 'the default image, a version with dots', body: 'version:echo-1.10_a\n', version: '1.10_a' },
  { name: 'JSON without the member', rule: { json: '$.app.version' }, body: '{"app":{}}' },
  { name: 'JSON with null on the way', rule: { json: '$.app.version' }, body: '{"app":null}' },
  { name: 'JSON with an object there', rule: { json: '$.app' }, body: '{"app":{}}' },
  { name: 'JSON path into the prototype', rule: { json: '$.constructor.name' }, body: '{}' },
  { name: 'JSON path on text', rule: { json: '$.version' }, body: 'hello' },
  {
    name: 'a pattern',
    rule: { body: 'app (?<version>v[0-9]+)' },
    body: '<p>app v12</p>',
    version: 'v12',
  },
  { name: 'a pattern that does not match', rule: { body: 'app (?<version>v[0-9]+)' }, body: 'hello' },
  {
    name: 'the rule before the default image',
    rule: { header: 'x-v' },
    headers: { 'x-v': 'v2' },
    body: 'version:echo-v1',
    version: 'v2',
  },
  {
    name: 'the default image where the rule finds nothing',
    rule: { header: 'x-v' },
    body: 'version:echo-v1',
    version: 'v1',
  },
  {
    name: 'the chosen version where it is proof',
    versionHeader: 'x-canary-version',
    versionHeaderIsProof: true,
    headers: { 'x-canary-version': 'v2' },
    version: 'v2',
  },
  {
    name: 'the chosen version where it is no proof',
    versionHeader: 'x-canary-version',
    headers: { 'x-canary-version': 'v2' },
  },
  {
    name: 'who answered before who was chosen',
    versionHeader: 'x-canary-version',
    versionHeaderIsProof: true,
    headers: { 'x-canary-version': 'v2' },
    body: 'version:echo-v1',
    version: 'v1',
  },
]

test.each(cases)(
  '$name: $version',
  ({ rule, versionHeader, versionHeaderIsProof, headers, body, version }) => {
    const attribute = compileAttribution({
      app: 'echo',
      versionRule: rule,
      versionHeader,
      versionHeaderIsProof: versionHeaderIsProof ?? false,
    })
    const answer = { status: 200, headers: headers ?? {}, body: body ?? '' }
    expect(attribute(answer).version).toBe(version)
  },
)

describe('rules that can not be used are refused', () => {
  test.each([
    { rule: { body: '(' }, says: 'not a regular expression' },
    { rule: { body: 'v[0-9]+' }, says: 'no group named "version"' },
    { rule: { body: '\\(?<version>' }, says: 'no group named "version"' },
    { rule: { json: '' }, says: 'not a path' },
    { rule: { json: '$' }, says: 'not a path' },
    { rule: { json: '$..version' }, says: 'not a path' },
    { rule: { json: '$.a[*]' }, says: 'not a path' },
    { rule: { json: 'a.' }, says: 'not a path' },
  ])('$rule', ({ rule, says }) => {
    const compile = () => compileAttribution({ app: 'echo', versionRule: rule, versionHeaderIsProof: false })
    expect(compile).toThrow(UsageError)
    expect(compile).toThrow(says)
  })
})

test('the settings that would tell are named, and why the version header does not', () => {
  const left = howToIdentify({ app: 'echo', versionHeaderIsProof: false })
  expect(left).toContain('verify.version.header')
  expect(left).toContain('routes.versionHeader')
  const chosen = howToIdentify({
    app: 'echo',
    versionHeader: 'x-canary-version',
    versionHeaderIsProof: false,
  })
  expect(chosen).toContain('x-canary-version only names the version chosen by the proxy')
})

test('answers that are not JSON are said not to be, where a JSON path is to be read from them', () => {
  const request = { app: 'echo', versionRule: { json: '$.version' }, versionHeaderIsProof: false }
  const looks = { headers: { 'content-type': 'text/html' }, body: '<html>' }
  expect(howToIdentify(request, looks)).toContain(
    'the answers are not JSON (text/html), so verify.version.json cannot be read',
  )
  expect(howToIdentify(request, { body: '{"name":' })).not.toContain('not JSON')
})

test('whom the proxy chose is told beside who answered', () => {
  const attribute = compileAttribution({
    app: 'echo',
    versionHeader: 'X-Canary-Version',
    versionHeaderIsProof: false,
  })
  expect(attribute({ status: 200, headers: { 'x-canary-version': 'v2' }, body: 'version:echo-v1' })).toEqual({
    version: 'v1',
    chosen: 'v2',
  })
})

test('every rule tells what it reads, and which one counts', () => {
  const readings = compileReadings({
    app: 'echo',
    versionRule: { json: '$.version', body: 'v=(?<version>\\w+)' },
    versionHeader: 'x-canary-version',
    versionHeaderIsProof: false,
  })
  expect(readings({ status: 200, headers: { 'x-canary-version': 'v2' }, body: 'v=v1' })).toEqual([
    { rule: 'verify.version.json $.version', version: undefined, used: false },
    { rule: 'verify.version.body v=(?<version>\\w+)', version: 'v1', used: true },
    { rule: "the default image's body", version: undefined, used: false },
    {
      rule: 'x-canary-version (the version that the proxy chose, no proof of who answered)',
      version: 'v2',
      used: false,
    },
  ])
})
