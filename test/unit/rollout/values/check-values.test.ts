import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/model/values.js'
import { valuesFindings } from '../../../../src/rollout/values/check-values.js'

describe('values that the chart takes, but nobody is likely to mean', () => {
  const routes = (...matches: JsonObject[]) => ({ routes: { matches } })
  const cases: [string, JsonObject, string[]][] = [
    ['nothing said', { deployment: { v2: {} } }, []],
    ['an image with a tag', { app: { image: 'shop:1' } }, []],
    ['an image without a tag', { app: { image: 'shop' } }, ['app.image']],
    ['a repository alone: its tag is the version', { app: { image: { repository: 'shop' } } }, []],
    [
      'one of its own',
      { app: { image: 'a:1' }, deployment: { v2: { image: 'b' } } },
      ['deployment.v2.image'],
    ],
    ['latest', { app: { image: 'shop:latest' } }, ['app.image']],
    ['another version is not looked at', { deployment: { v1: { image: 'shop' }, v2: {} } }, []],
    ['drained in time', { app: { drainSeconds: 5, terminationGracePeriodSeconds: 6 } }, []],
    [
      'killed while draining',
      { app: { drainSeconds: 6, terminationGracePeriodSeconds: 6 } },
      ['app.drainSeconds'],
    ],
    ['a prefix behind a shorter one', routes({ prefix: '/' }, { prefix: '/a' }), ['routes.matches[1]']],
    ['an exact path behind a prefix', routes({ prefix: '/a' }, { exact: '/a/b' }), ['routes.matches[1]']],
    ['the longer first', routes({ prefix: '/a/b' }, { prefix: '/a' }), []],
    ['behind one for a method', routes({ prefix: '/', methods: ['GET'] }, { prefix: '/a' }), []],
  ]
  test.each(cases)('%s', (_, values, places) => {
    expect(valuesFindings(values, 'v2').map(({ place }) => place)).toEqual(places)
  })
})
