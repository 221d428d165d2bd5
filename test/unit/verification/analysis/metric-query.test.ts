import { expect, test } from 'vitest'
import { UsageError } from '../../../../src/model/errors.js'
import { fillQuery } from '../../../../src/verification/analysis/metric-query.js'

const VARIABLES = { app: 'echo', canary: 'v2', seconds: '30', odd: 'a"b\\c\'d\ne' }

test.each([
  ['up{app="{{app}}"}', 'up{app="echo"}'],
  ['rate(x{version="{{ canary }}"}[{{seconds}}s])', 'rate(x{version="v2"}[30s])'],
  ['x{y="{{odd}}"}', 'x{y="a\\"b\\\\c\'d\\ne"}'],
  ["x{y='{{odd}}'}", "x{y='a\"b\\\\c\\'d\\ne'}"],
  ['x{y=`{{odd}}`}', 'x{y=`a"b\\c\'d\ne`}'],
  ['x{y="a\\"{{odd}}"}', 'x{y="a\\"a\\"b\\\\c\'d\\ne"}'],
  [
    'x{y="it\'s {{app}}"} # don\'t\n + z{y="{{odd}}"}',
    'x{y="it\'s echo"} # don\'t\n + z{y="a\\"b\\\\c\'d\\ne"}',
  ],
  ['x{y="{{app}}-{{canary}}"}', 'x{y="echo-v2"}'],
  ['x{y="{ {app} }"}', 'x{y="{ {app} }"}'],
  ['no variable', 'no variable'],
])('%s becomes %s', (query, filled) => {
  expect(fillQuery(query, VARIABLES)).toBe(filled)
})

test('an unknown variable is refused, with those there are', () => {
  const fill = () => fillQuery('x{y="{{toString}}"}', VARIABLES)
  expect(fill).toThrow(UsageError)
  expect(fill).toThrow('{{toString}} in the query')
})
