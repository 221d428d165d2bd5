import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Matcher, PathMatch, ValueMatch } from '../../../../src/model/results/overlaps.js'
import { covers, overlapOf } from '../../../../src/routing/matching/match-overlap.js'
import { matcherOf } from '../../../../src/routing/gloo/overlaps/matcher.js'
import { describeMatcher } from '../../../../src/routing/matching/matcher.js'

const get = { methods: ['GET'] }
const header = (name: string, value?: string, more: object = {}) => ({ headers: [{ name, value, ...more }] })
const query = (name: string, value?: string, more: object = {}) => ({
  queryParameters: [{ name, value, ...more }],
})
const not = { invertMatch: true }
const regex = { regex: true }

describe('whether two routes can take the same request', () => {
  test.each<[answer: string, one: object, other: object]>([
    // Paths.
    ['yes', { exact: '/a' }, { exact: '/a' }],
    ['no', { exact: '/a' }, { exact: '/A' }],
    ['yes', { exact: '/a', caseSensitive: false }, { exact: '/A' }],
    ['yes', { prefix: '/echo' }, { prefix: '/echo' }],
    ['yes', { prefix: '/echo' }, { prefix: '/echofoo' }],
    ['yes', { prefix: '/' }, { exact: '/echo' }],
    ['yes', {}, { prefix: '/echo' }],
    ['no', { prefix: '/echo' }, { prefix: '/foxtrot' }],
    ['no', { prefix: '/echo' }, { exact: '/ech' }],
    ['yes', { prefix: '/ECHO', caseSensitive: false }, { prefix: '/echo/a' }],
    // Expressions.
    ['yes', { regex: '/items/[0-9]+' }, { exact: '/items/42' }],
    ['no', { regex: '/items/[0-9]+' }, { exact: '/items/' }],
    ['no', { regex: '/items/[0-9]+' }, { prefix: '/echo' }],
    ['yes', { regex: '/items/[0-9]+' }, { prefix: '/items' }],
    ['unknown', { regex: '/items/[0-9]+' }, { prefix: '/items/new' }],
    ['unknown', { regex: '.*[.]png' }, { prefix: '/echo' }],
    ['yes', { regex: '/echo.*' }, { prefix: '/echo/a' }],
    ['no', { regex: '/echo.*' }, { prefix: '/foxtrot' }],
    ['unknown', { regex: '/a|/echo' }, { prefix: '/echo' }],
    ['no', { regex: '/a|/echo' }, { exact: '/b' }],
    ['unknown', { regex: '/a?b' }, { prefix: '/b' }],
    ['no', { regex: '/a/[0-9]+' }, { regex: '/b/[0-9]+' }],
    ['yes', { regex: '/a/[0-9]+' }, { regex: '/a/[0-9]+' }],
    ['unknown', { regex: '/a/[0-9]+' }, { regex: '/a/[a-z]+' }],
    ['yes', { regex: '(?i)/ECHO' }, { exact: '/echo' }],
    ['unknown', { regex: '\\Q/echo\\E' }, { exact: '/echo' }],
    ['unknown', { regex: '(' }, { exact: '/echo' }],
    ['unknown', { regex: '/ECHO[0-9]', caseSensitive: false }, { exact: '/echo1', caseSensitive: false }],
    // Somebody else's expression that needs time without end holds nothing up.
    ['unknown', { regex: '/(a+)+' }, { exact: `/${'a'.repeat(60)}!` }],
    // Methods.
    ['yes', { prefix: '/a', methods: ['GET', 'POST'] }, { prefix: '/a', methods: ['POST'] }],
    ['no', { prefix: '/a', ...get }, { prefix: '/a', methods: ['POST'] }],
    ['yes', { prefix: '/a', ...get }, { prefix: '/a' }],
    // Headers.
    ['yes', header('stage', 'canary'), {}],
    ['yes', header('stage', 'canary'), header('tenant', 'acme')],
    ['no', header('stage', 'canary'), header('Stage', 'beta')],
    ['yes', header('stage', 'canary'), header('stage')],
    ['no', header('stage', 'canary'), header('stage', 'canary', not)],
    ['yes', header('stage', 'canary'), header('stage', 'beta', not)],
    ['no', header('stage', 'canary'), header('stage', undefined, not)],
    ['yes', header('stage', undefined, not), header('stage', undefined, not)],
    ['unknown', header('stage', undefined, not), header('stage', 'canary', not)],
    ['yes', header('stage', 'canary'), header('stage', 'can.*', regex)],
    ['no', header('stage', 'canary'), header('stage', 'beta.*', regex)],
    ['no', header('stage', 'canary'), header('stage', 'can.*', { ...regex, ...not })],
    ['unknown', header('stage', 'can.*', regex), header('stage', '.*ary', regex)],
    ['yes', header('stage', 'can.*', regex), header('stage', 'can.*', regex)],
    // Query parameters.
    ['no', query('page', '1'), query('page', '2')],
    ['yes', query('page', '1'), query('Page', '2')],
    ['yes', query('page', '12'), query('page', '[0-9]+', regex)],
    // All of it together.
    ['no', { prefix: '/a', ...get, ...header('x', '1') }, { prefix: '/a', ...get, ...header('x', '2') }],
    ['no', { regex: '.*', methods: ['GET'] }, { prefix: '/a', methods: ['PUT'] }],
  ])('%s: %j and %j', (answer, one, other) => {
    expect(overlapOf(matcherOf(one), matcherOf(other))).toBe(answer)
    expect(overlapOf(matcherOf(other), matcherOf(one))).toBe(answer)
  })
})

describe('whether one route takes all requests of another', () => {
  test.each<[answer: boolean, wide: object, narrow: object]>([
    [true, { prefix: '/' }, { exact: '/a', ...get }],
    [true, { prefix: '/a' }, { regex: '/a/[0-9]+' }],
    [false, { prefix: '/a/1' }, { regex: '/a/[0-9]+' }],
    [true, { regex: '/a.*' }, { prefix: '/ab' }],
    [true, { regex: '/a/[0-9]+' }, { exact: '/a/1' }],
    [false, { exact: '/a' }, { prefix: '/a' }],
    [false, { prefix: '/a', ...get }, { prefix: '/a' }],
    [true, { prefix: '/a' }, { prefix: '/a', ...header('x', '1') }],
    [false, { prefix: '/a', ...header('x', '1') }, { prefix: '/a' }],
    [false, { prefix: '/a' }, { prefix: '/a', caseSensitive: false }],
  ])('%s: %j, %j', (answer, wide, narrow) => {
    expect(covers(matcherOf(wide), matcherOf(narrow))).toBe(answer)
  })
})

test('a matcher in words', () => {
  const headers = [
    { name: 'Stage', value: 'canary' },
    { name: 'x', invertMatch: true },
  ]
  const written = {
    prefix: '/echo',
    methods: ['GET', 'HEAD'],
    headers,
    queryParameters: [{ name: 'page', value: '[0-9]+', regex: true }],
    caseSensitive: false,
  }
  expect(describeMatcher(matcherOf(written))).toBe(
    'prefix /echo in any case, GET or HEAD, header stage: canary, not header x, query page=regex [0-9]+',
  )
})

interface Request {
  path: string
  method: string
  headers: Record<string, string>
  query: Record<string, string>
}

const TEXTS = ['/', '/a', '/ab', '/A', '/a/b', '/b', '/b1', '/a/12']
const EXPRESSIONS = ['/a.*', '/[ab]', '/a/[0-9]+', '/a|/b', '/b1?', '.*b', '(?i)/a', '/a/?b', '/[A-Z]+']
const METHODS = ['GET', 'POST', 'PUT']
const VALUES = ['1', '2', '12']

const value = fc.record({
  name: fc.constantFrom('x', 'y'),
  value: fc.constantFrom(undefined, ...VALUES, '[0-9]+', '1.*'),
  regex: fc.boolean(),
  invertMatch: fc.boolean(),
})
const path = fc.oneof(
  fc.constantFrom(...TEXTS).map((prefix) => ({ prefix })),
  fc.constantFrom(...TEXTS).map((exact) => ({ exact })),
  fc.constantFrom(...EXPRESSIONS).map((expression) => ({ regex: expression })),
)
const written = fc
  .tuple(
    path,
    fc.record({
      methods: fc.subarray(METHODS),
      headers: fc.array(value, { maxLength: 2 }),
      queryParameters: fc.array(value, { maxLength: 1 }),
      caseSensitive: fc.constantFrom(undefined, false),
    }),
  )
  .map(([one, rest]) => matcherOf({ ...one, ...rest }))

const pairs = [{}, ...VALUES.map((one) => ({ x: one })), { y: '1' }, { x: '12', y: '2' }]
const REQUESTS: Request[] = [...TEXTS, '/AB', '/a/', '/abc', '/a/b/c', '/B1'].flatMap((asked) =>
  METHODS.flatMap((method) =>
    pairs.flatMap((headers) =>
      [{}, ...VALUES.map((one) => ({ x: one }))].map((search) => ({
        path: asked,
        method,
        headers: headers as Record<string, string>,
        query: search,
      })),
    ),
  ),
)

const compiled = new Map<string, RegExp>()

/** The expression that fits whole texts only; compiled once. */
function whole(source: string, flags = ''): RegExp {
  const key = `${flags}/${source}`
  const expression = compiled.get(key) ?? new RegExp(`^(?:${source})$`, flags)
  compiled.set(key, expression)
  return expression
}

/** As Envoy decides it; Envoys differ in whether a header that is not there is "not this value". */
function fits(matcher: Matcher, request: Request, absentIsOther: boolean): boolean {
  const hold = (conditions: ValueMatch[], found: Record<string, string>) =>
    conditions.every(({ name, value: wanted, regex: isRegex, invert }) => {
      const one = found[name]
      if (wanted === undefined) return (one !== undefined) !== invert
      if (one === undefined) return invert && absentIsOther
      return (isRegex ? whole(wanted).test(one) : one === wanted) !== invert
    })
  return (
    pathFits(matcher, request.path) &&
    (matcher.methods.length === 0 || matcher.methods.includes(request.method)) &&
    hold(matcher.headers, request.headers) &&
    hold(matcher.query, request.query)
  )
}

function pathFits({ path: { kind, text }, caseSensitive }: Matcher, asked: string): boolean {
  if (kind === 'regex') return whole(text.replace('(?i)', ''), text.startsWith('(?i)') ? 'i' : '').test(asked)
  const [one, other] = caseSensitive ? [asked, text] : [asked.toLowerCase(), text.toLowerCase()]
  return kind === 'exact' ? one === other : one.startsWith(other)
}

test('where two routes are said to share no request, no request fits both', () => {
  fc.assert(
    fc.property(written, written, fc.boolean(), (one, other, absentIsOther) => {
      const shared = REQUESTS.some(
        (request) => fits(one, request, absentIsOther) && fits(other, request, absentIsOther),
      )
      fc.pre(shared)
      expect(overlapOf(one, other)).not.toBe('no')
    }),
    { numRuns: 300, maxSkipsPerRun: 1000 },
  )
})

test('where a route is said to take all requests of another, it does', () => {
  fc.assert(
    fc.property(written, written, fc.boolean(), (wide, narrow, absentIsOther) => {
      fc.pre(covers(wide, narrow))
      const missed = REQUESTS.find(
        (request) => fits(narrow, request, absentIsOther) && !fits(wide, request, absentIsOther),
      )
      expect(missed).toBeUndefined()
    }),
    { numRuns: 300, maxSkipsPerRun: 1000 },
  )
})

describe('a prefix of segments', () => {
  const path = (kind: PathMatch['kind'], text: string, segments?: true): Matcher => ({
    path: { kind, text, ...(segments ? { segments } : {}) },
    caseSensitive: true,
    methods: [],
    headers: [],
    query: [],
  })

  test.each<[answer: string, isCovered: boolean, other: Matcher]>([
    ['yes', true, path('exact', '/echo')],
    ['yes', true, path('exact', '/echo/a')],
    ['no', false, path('exact', '/echofoo')],
    ['yes', true, path('prefix', '/echo', true)],
    ['yes', true, path('prefix', '/echo/', true)],
    ['no', false, path('prefix', '/echofoo', true)],
    ['yes', false, path('prefix', '/', true)],
    ['yes', false, path('prefix', '/ec')],
    ['yes', false, path('prefix', '/echo')],
    ['no', false, path('prefix', '/echof')],
    ['yes', true, path('prefix', '/echo/a')],
    ['yes', true, path('regex', '/echo/[0-9]+')],
    ['unknown', false, path('regex', '/echo[0-9]*')],
    ['no', false, path('regex', '/echofoo[0-9]*')],
  ])('%s, covered: %s: %j', (answer, isCovered, other) => {
    const echo = path('prefix', '/echo', true)
    expect(overlapOf(echo, other)).toBe(answer)
    expect(overlapOf(other, echo)).toBe(answer)
    expect(covers(echo, other)).toBe(isCovered)
  })
})
