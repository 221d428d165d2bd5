import { expect, test } from 'vitest'
import { headerProblem, type HeaderUse } from '../../../../src/lib/http/headers.js'

test.each<[string, [string, string][], HeaderUse, RegExp]>([
  [
    'a letter beyond ASCII',
    [['X-Tenant', 'Zürich']],
    'canary',
    /X-Tenant has a value .* not printable ASCII; .*%C3%BC/,
  ],
  ['Latin-1, which means something else to each hop', [['x-a', '\xe9']], 'probe', /not printable ASCII/],
  ['a line break', [['x-a', 'b\r\nc: d']], 'probe', /not printable ASCII/],
  ['a tab', [['x-a', 'b\tc']], 'probe', /not printable ASCII/],
  ['a blank at the end', [['x-a', 'b ']], 'canary', /blanks at its ends/],
  ['no value', [['stage', '']], 'canary', /any value would match/],
  ['a blank in the name', [['st age', 'x']], 'canary', /st age is no name of a header/],
  ['no name', [['', 'x']], 'probe', /is no name of a header/],
  [
    'the same twice',
    [
      ['stage', 'a'],
      ['stage', 'b'],
    ],
    'canary',
    /stage is given twice; give it once/,
  ],
  [
    'the same but for case',
    [
      ['stage', 'a'],
      ['Stage', 'a'],
    ],
    'canary',
    /Stage is given twice, as stage too: case/,
  ],
  ['the User-Agent', [['User-Agent', 'x']], 'canary', /set by probes themselves.*choose another/],
  ['the User-Agent of a probe', [['user-agent', 'x']], 'probe', /set by probes themselves.*leave it out/],
  ['the host', [['Host', 'a.example']], 'probe', /address of a request; give the host with --host/],
  ['the host of a match', [['host', 'a.example']], 'match', /domains that the app is served for/],
  ['a pseudo header', [[':authority', 'a.example']], 'canary', /address of a request/],
  ...['Content-Length', 'connection', 'transfer-encoding', 'te', 'upgrade'].map(
    (name): [string, [string, string][], HeaderUse, RegExp] => [
      name,
      [[name, '1']],
      'probe',
      /set anew by each hop/,
    ],
  ),
])('%s is refused', (_title, headers, use, says) => {
  const { name, what, remedy } = headerProblem(headers, use)!
  expect(`${name} ${what}; ${remedy}`).toMatch(says)
})

test.each<[[string, string][], HeaderUse]>([
  [
    [
      ['stage', 'canary'],
      ['X-Tenant', 'a b, "c"'],
    ],
    'canary',
  ],
  [
    [
      ['authorization', ''],
      ['x!#$%', '~'],
    ],
    'probe',
  ],
  [
    [
      ['user-agent', 'curl/8'],
      ['x-a', ''],
    ],
    'match',
  ],
])('%j as %s headers are sent as they are', (headers, use) => {
  expect(headerProblem(headers, use)).toBeUndefined()
})
