import { describe, expect, test } from 'vitest'
import type { Cause, Snapshot } from '../../../../src/model/results/diagnosis.js'
import type { Matcher, RouteOverlap } from '../../../../src/model/results/overlaps.js'
import type { CheckResult, Expectation, StageProof } from '../../../../src/model/verify/expectation.js'
import type { Neighbour } from '../../../../src/model/results/ownership.js'
import { errorCounts } from '../../../support/answer-errors.js'
import { GLOO } from '../../../../src/routing/gloo/description.js'
import { glooRules } from '../../../../src/routing/gloo/diagnosis/rules.js'
import { neutral } from '../../../../src/routing/gloo/snapshot/neutral.js'
import type { GlooSnapshot, TableState, UpstreamState } from '../../../../src/routing/gloo/types.js'
import { diagnose as diagnoseWith } from '../../../../src/verification/diagnosis/diagnose.js'
import type { Facts } from '../../../../src/verification/diagnosis/facts.js'

/** What a snapshot has, and Gloo's objects in it. */
type Around = Snapshot & GlooSnapshot

function diagnose({
  snapshot,
  ...facts
}: Pick<Facts, 'name' | 'namespace' | 'proof'> & { snapshot?: Around }): Cause[] {
  const { texts, answers } = GLOO
  if (!snapshot) return diagnoseWith({ ...facts, texts, answers })
  return diagnoseWith(
    { ...facts, texts, answers, snapshot: { ...snapshot, ...neutral(snapshot) } },
    glooRules(snapshot),
  )
}

const at = { name: 'echo', namespace: 'echo' }
const routes = { name: 'echo-routes', namespace: 'echo' }
const ACCEPTED = { state: 'Accepted' as const, reason: '' }
const service = { name: 'echo', namespace: 'echo' }
const upstream: UpstreamState = {
  ...at,
  exists: true,
  service,
  serviceExists: true,
  servicePort: 80,
  servicePorts: [80],
  subsetKeys: [['version']],
  fallbackPolicy: 'ANY_ENDPOINT',
  status: ACCEPTED,
}

function tableOf(change: Partial<TableState> = {}): TableState {
  const to = (version: string, weight?: number) => ({ backend: at, version, weight })
  const route = { match: 'prefix' as const, path: '/echo', hasAction: true }
  const header = { name: 'stage', value: 'canary', regex: false }
  return {
    kind: 'RouteTable',
    ...routes,
    weight: 0,
    apiGroup: 'example',
    routes: [
      { ...route, headers: [header], destinations: [to('v2')] },
      { ...route, headers: [], destinations: [to('v1', 50), to('v2', 50)] },
    ],
    status: ACCEPTED,
    ...change,
  }
}

const rivalRoute = {
  match: 'prefix' as const,
  path: '/echo',
  headers: [],
  destinations: [],
  hasAction: true,
}
const rival: TableState = {
  ...tableOf(),
  name: 'echo-rival',
  namespace: 'aaa',
  weight: -1,
  routes: [rivalRoute],
}

/** The rival's route comes before the app's. */
function overlap(change: Partial<RouteOverlap> = {}, match: Partial<Matcher> = {}): RouteOverlap {
  const path = { kind: 'prefix' as const, text: '/echo' }
  const claim = {
    kind: 'RouteTable',
    role: 'route' as const,
    matcher: 'prefix /echo',
    match: { path, caseSensitive: true, methods: [], headers: [], query: [], ...match },
  }
  return {
    attachment: { kind: 'VirtualService', name: 'app', namespace: 'gloo-system' },
    domains: ['*'],
    winner: { ...claim, name: 'echo-rival', namespace: 'aaa' },
    loser: { ...claim, ...routes },
    own: 'loser',
    certain: true,
    isWhole: true,
    isCatchAll: false,
    ...change,
  }
}

/** A Deployment of somebody else whose pods carry the app's labels. */
function neighbour(version: string, ready = 2): Neighbour {
  const owner = { by: 'helm' as const, app: 'worker', namespace: 'shop', managedByHelm: true }
  return { kind: 'Deployment', name: 'worker', version, ready, owner }
}

/** An app at 50 % in which nothing is wrong. */
function sceneWith(change: Partial<Around> = {}): Around {
  const pods = { ready: 1, wanted: 1, problems: [], endpoints: { ready: 1, notReady: 0 } }
  return {
    ...at,
    release: { revision: 4, headers: ['stage'], fingerprint: 'f4' },
    versions: [
      { version: 'v1', ...pods },
      { version: 'v2', ...pods },
    ],
    table: tableOf(),
    otherTables: [],
    delegations: [delegation('/')],
    upstreams: [upstream],
    proxies: [{ pod: 'gateway-proxy-1', ready: true }],
    couldNotLook: [],
    ...change,
  }
}

function delegation(prefix: string, tables = [routes], domains = ['*']) {
  return { virtualService: { name: 'app', namespace: 'gloo-system' }, domains, prefix, tables }
}

/** A proxy that rejected routes twice, `now` of them during the diagnosis. */
function rejecting(now: number) {
  const meanwhile = { routesRejected: now, fallbacks: 0, retries: 0 }
  return { pod: 'p', ready: true, admin: admin({ routesRejected: 2, meanwhile, headerValues: ['f3'] }) }
}

function admin(change: object) {
  const counters = { routesRejected: 0, fallbacks: 0, retries: 0 }
  return { ...counters, meanwhile: counters, weights: {}, headerValues: ['f4'], ...change }
}

function expectation(kind: 'regular' | 'canary', share: number, shareBefore?: number): Expectation {
  const headers: Record<string, string> = kind === 'canary' ? { stage: 'canary' } : {}
  return { kind, paths: ['/echo'], headers, primary: 'v1', canary: 'v2', share, shareBefore }
}

/** A check that failed, by default of the weight 50. */
function failed(change: Partial<CheckResult> = {}): CheckResult {
  return {
    expectation: expectation('regular', 0.5),
    verdict: 'fail',
    sent: 100,
    byVersion: {},
    unidentified: 0,
    errors: [],
    interval: [0, 1],
    tolerance: 0.1,
    alpha: 0.01,
    reason: '',
    perPath: {},
    perProxy: {},
    restarts: 0,
    discarded: 0,
    elapsedMs: 100,
    samples: [],
    ...change,
  }
}

function proofOf(check: Partial<CheckResult>, change: Partial<StageProof> = {}): StageProof {
  const convergence = 'fingerprint'
  return {
    verdict: 'fail',
    url: 'http://proxy:8080',
    convergence,
    convergedMs: 5,
    checks: [failed(check)],
    ...change,
  }
}

/** Answers from before the wanted routes were served, which is all there was. */
function unjudged(byText: Record<string, number>): CheckResult['unjudged'] {
  return { sent: 90, byVersion: {}, unidentified: 0, errors: errorCounts(byText), samples: [] }
}

function answers(
  byText: Record<string, number>,
  headers: Record<string, string> = {},
  status?: number,
): StageProof {
  const errors = errorCounts(byText)
  const sample = {
    index: 0,
    at: '2026-01-01T00:00:00Z',
    path: '/echo',
    status,
    headers,
    error: errors[0]?.text,
    errorKind: errors[0]?.kind,
  }
  return proofOf({ errors, samples: [sample] })
}

const noRoute = answers({ 'http 404 (no route)': 1 })
const no503 = answers({ 'http 503 (no healthy upstream)': 1 })
const noPods = [
  { version: 'v1', ready: 1, wanted: 1, problems: [] },
  { version: 'v2', ready: 0, wanted: 1, problems: ['CrashLoopBackOff'] },
]

test.each<[id: string, what: string, proof: StageProof, snapshot: Partial<Around>]>([
  ['no-route-table', 'the RouteTable is gone', noRoute, { table: null }],
  ['no-virtual-service', 'nobody selects it', noRoute, { delegations: [delegation('/', [])] }],
  ['parent-prefix', 'the parent has /api', noRoute, { delegations: [delegation('/api')] }],
  [
    'route-table-rejected',
    'Gloo rejects it',
    noRoute,
    { table: tableOf({ status: { state: 'Rejected', reason: 'no action' } }) },
  ],
  [
    'wrong-host',
    'another domain',
    noRoute,
    { delegations: [delegation('/', [routes], ['app.example.com'])] },
  ],
  [
    'rival-table',
    'another table takes all requests',
    answers({ 'no routes header': 100 }),
    { overlaps: [overlap()] },
  ],
  [
    'rival-table',
    'another table takes those of one method',
    answers({ 'foreign routes': 100 }),
    { overlaps: [overlap({ isWhole: false }, { methods: ['GET'] })] },
  ],
  [
    'domain-conflict',
    'two VirtualServices have one domain',
    answers({ 'foreign routes': 100 }),
    {
      domainConflicts: [
        {
          domain: '*',
          attachments: [
            { kind: 'VirtualService', name: 'app', namespace: 'gloo-system' },
            { kind: 'VirtualService', name: 'twin', namespace: 'web' },
          ],
        },
      ],
    },
  ],
  [
    'upstream-missing',
    'no Upstream',
    answers({ 'http 503 (empty)': 1 }),
    { upstreams: [{ ...upstream, exists: false }] },
  ],
  [
    'service-missing',
    'no Service',
    no503,
    { upstreams: [{ ...upstream, serviceExists: false, servicePorts: undefined }] },
  ],
  ['service-port', 'no such port', no503, { upstreams: [{ ...upstream, servicePort: 8080 }] }],
  [
    'subset-keys',
    'no subsets',
    proofOf({ byVersion: { v1: 90, v2: 10 } }),
    { upstreams: [{ ...upstream, subsetKeys: [] }] },
  ],
  [
    'upstream-rejected',
    'a rejected Upstream',
    no503,
    { upstreams: [{ ...upstream, status: { state: 'Rejected', reason: 'x' } }] },
  ],
  [
    'empty-subset-fallback',
    'no pods of v2',
    proofOf({ byVersion: { v1: 100 }, interval: [0, 0.1] }),
    { versions: noPods },
  ],
  [
    'no-ready-pods',
    'no pods, no fallback',
    no503,
    { versions: noPods, upstreams: [{ ...upstream, fallbackPolicy: 'NO_FALLBACK' }] },
  ],
  ['fallback', 'v1 answers for v2', answers({ 'fallback (v1 answered for v2)': 3 }), {}],
  [
    'proxy-rejects',
    "a neighbour's weights are all 0",
    answers({ 'foreign routes': 100 }),
    {
      otherTables: [
        { ...rival, routes: [{ ...rivalRoute, path: '/else', destinations: [{ backend: at, weight: 0 }] }] },
      ],
    },
  ],
  [
    'proxy-rejects',
    'a neighbour has a broken expression',
    answers({ 'foreign routes': 100 }),
    {
      otherTables: [
        {
          ...rival,
          routes: [{ ...rivalRoute, path: '/else', headers: [{ name: 'x', value: '(', regex: true }] }],
        },
      ],
    },
  ],
  [
    'proxy-rejects',
    'the proxy goes on counting rejections and has other routes',
    answers({ 'foreign routes': 100 }),
    { proxies: [rejecting(1)] },
  ],
  [
    'proxy-behind',
    'one of two proxies',
    proofOf({
      errors: errorCounts({ 'foreign routes': 50 }),
      perProxy: {
        p1: { sent: 50, byVersion: { v1: 25, v2: 25 }, unidentified: 0, errors: [] },
        p2: { sent: 50, byVersion: {}, unidentified: 0, errors: errorCounts({ 'foreign routes': 50 }) },
      },
    }),
    {},
  ],
  ['old-routes', 'answers of other routes', answers({ 'foreign routes': 100 }), {}],
  [
    'old-routes',
    'never an answer of the wanted ones',
    proofOf({ sent: 0, unjudged: unjudged({ 'no routes header': 90 }) }, { convergedMs: undefined }),
    {},
  ],
  [
    'proxy-unreachable',
    'never an answer at all',
    proofOf({ sent: 0, unjudged: unjudged({ refused: 90 }) }, { convergedMs: undefined }),
    {},
  ],
  [
    'sticky-routing',
    'long runs',
    proofOf({ byVersion: { v1: 70, v2: 30 }, interval: [0.2, 0.4], runsZ: -9 }),
    {},
  ],
  [
    'wrong-weights',
    'configured rightly',
    proofOf({ byVersion: { v1: 70, v2: 30 }, interval: [0.2, 0.4] }),
    {},
  ],
  [
    'changed-weights',
    'the table has others',
    proofOf({
      byVersion: { v1: 50, v2: 50 },
      interval: [0.4, 0.6],
      expectation: expectation('regular', 0.1),
    }),
    {},
  ],
  [
    'invalid-route-replaced',
    "Gloo's own 404",
    answers({ 'http 404 (invalid gateway configuration)': 1 }),
    {},
  ],
  ['proxy-unreachable', 'refused', answers({ refused: 4 }), {}],
  [
    'header-stripped',
    'as without it',
    proofOf({ expectation: expectation('canary', 1), byVersion: { v1: 1 } }),
    {},
  ],
  ['foreign-pods', 'beside those of v1', proofOf({ unidentified: 40 }), { neighbours: [neighbour('v1')] }],
  [
    'foreign-pods',
    'in place of those of v2',
    answers({ 'http 500': 1 }),
    {
      versions: [{ version: 'v2', ready: 0, wanted: 1, problems: [] }],
      neighbours: [neighbour('v2')],
    },
  ],
  ['cache', 'age', answers({ 'no routes header': 1 }, { age: '3', 'x-cache': 'HIT' }, 200), {}],
  ['retries', 'attempts', proofOf({ retried: 7 }), {}],
  ['foreign-answers', 'a maintenance page', answers({ 'no routes header': 5 }, { server: 'nginx' }, 200), {}],
  ['access-refused', '401', answers({ 'http 401': 1 }, { 'www-authenticate': 'Basic' }, 401), {}],
  ['access-refused', '403', answers({ 'http 403': 1 }, {}, 403), {}],
  ['redirect', '301', answers({ redirect: 1 }, { location: 'https://app/echo' }, 301), {}],
  ['rate-limit', '429', answers({ 'http 429': 1 }, {}, 429), {}],
  ['app-errors', '500', answers({ 'http 500': 1 }, { 'x-envoy-upstream-service-time': '1' }, 500), {}],
  ['app-not-found', '404', answers({ 'http 404': 1 }, { 'x-envoy-upstream-service-time': '1' }, 404), {}],
  ['unexpected-answers', 'another body', answers({ 'unexpected body': 2 }, {}, 200), {}],
  ['unexpected-answers', 'no header', answers({ 'no header x-app': 2 }, {}, 200), {}],
  ['unexpected-answers', '204', answers({ 'http 204 (unexpected)': 2 }, {}, 204), {}],
  ['timeout', 'no answer', answers({ timeout: 1 }), {}],
  ['tls', 'handshake', answers({ tls: 1 }), {}],
  ['client-certificate', 'TLS', answers({ 'client certificate': 1 }), {}],
  ['client-certificate', 'nginx', answers({ 'http 400 (client certificate)': 1 }, {}, 400), {}],
  ['http2-only', 'frames', answers({ 'http/2 only': 1 }), {}],
  ['http2-only', 'a load balancer', answers({ 'http 464': 1 }, {}, 464), {}],
  ['http2-only', '505', answers({ 'http 505': 1 }, {}, 505), {}],
  ['http2-app', 'protocol error', answers({ 'http 502 (protocol error)': 1 }, {}, 502), {}],
  ['grpc', '415', answers({ 'http 415 (grpc)': 1 }, {}, 415), {}],
  ['headers-too-large', 'cookies', answers({ 'headers too large': 1 }), {}],
  ['endless-body', 'a long poll', answers({ 'endless body': 1 }), {}],
  ['version-unnamed', 'no version', proofOf({ verdict: 'inconclusive', unidentified: 9 }), {}],
])('%s: %s', (id, _what, proof, change) => {
  const causes = diagnose({ ...at, proof, snapshot: sceneWith(change) })
  expect(causes.map((cause) => cause.id)[0]).toBe(id)
  for (const cause of causes) expect(isComplete(cause)).toBe(true)
})

describe('a counter that stands still is no evidence of now', () => {
  test('a rejection long past is no cause beside one that is certain', () => {
    const snapshot = sceneWith({ delegations: [delegation('/', [])], proxies: [rejecting(0)] })
    const causes = diagnose({ ...at, proof: noRoute, snapshot })
    expect(causes.map(({ id }) => id)).toEqual(['no-virtual-service'])
    expect(diagnose({ ...at, snapshot: sceneWith({ proxies: [rejecting(0)] }) })).toEqual([])
  })

  test('a route that Envoy can not take is: its regular expressions can not look ahead', () => {
    const headers = [{ name: 'x-team', value: '(?=a)', regex: true }]
    const otherTables = [{ ...rival, routes: [{ ...rivalRoute, path: '/else', headers }] }]
    const snapshot = sceneWith({ otherTables, proxies: [rejecting(0)] })
    const [cause] = diagnose({ ...at, proof: answers({ 'foreign routes': 100 }), snapshot })
    expect(cause).toMatchObject({ id: 'proxy-rejects', certainty: 'certain' })
    expect(cause!.evidence[0]).toContain('(?=a)')
  })

  test('alone it is a possibility, which says so', () => {
    const proof = proofOf({ verdict: 'inconclusive', unidentified: 9 })
    const cause = diagnose({ ...at, proof, snapshot: sceneWith({ proxies: [rejecting(0)] }) }).find(
      ({ id }) => id === 'proxy-rejects',
    )
    expect(cause).toMatchObject({ certainty: 'possible', title: expect.stringContaining('earlier') })
  })

  test.each([
    ['fallbacks', answers({ 'fallback (v1 answered for v2)': 3 })],
    ['retries', proofOf({ retried: 7 })],
  ])('%s are told of while they go on only', (counter, proof) => {
    const evidence = (now: number) => {
      const meanwhile = { routesRejected: 0, fallbacks: 0, retries: 0, [counter]: now }
      const proxies = [{ pod: 'proxy-7', ready: true, admin: admin({ [counter]: 40, meanwhile }) }]
      return diagnose({ ...at, proof, snapshot: sceneWith({ proxies }) })
        .flatMap((cause) => cause.evidence)
        .filter((line) => line.includes('proxy-7'))
    }
    expect(evidence(0)).toEqual([])
    expect(evidence(5)).toEqual([expect.stringContaining('5 during the diagnosis')])
  })
})

test('a command to paste is one, whatever headers and paths are', () => {
  const hostile = {
    ...expectation('canary', 1),
    headers: { 'x-a': "'; touch PWNED; '" },
    paths: ['/$(touch PWNED)'],
  }
  const [cause] = diagnose({
    ...at,
    proof: proofOf({ expectation: hostile, byVersion: { v1: 1 } }),
    snapshot: sceneWith(),
  })
  expect(cause!.remedy[1]).toMatch(
    /^curl -sS -D- -H 'x-a: '\\''; touch PWNED; '\\''' 'https?:[^' ]*\/\$\(touch PWNED\)' {4}\(/,
  )
})

function isComplete({ title, remedy }: Cause): boolean {
  return title.length > 0 && remedy.length > 0
}

describe('what speaks for nothing names nothing', () => {
  test('nothing is wrong, and nothing was proven', () => {
    expect(diagnose({ ...at, snapshot: sceneWith() })).toEqual([])
  })

  test('pods of others that are not ready, or of a version that gets no requests', () => {
    const neighbours = [neighbour('v1', 0), neighbour('2024.1')]
    expect(diagnose({ ...at, snapshot: sceneWith({ neighbours }) })).toEqual([])
    const proof = proofOf({ unidentified: 40 })
    expect(diagnose({ ...at, proof, snapshot: sceneWith({ neighbours }) }).map(({ id }) => id)).not.toContain(
      'foreign-pods',
    )
  })

  test('nothing could be looked at', () => {
    expect(diagnose({ ...at, snapshot: { ...at, couldNotLook: ['pods: forbidden'] } })).toEqual([])
    expect(diagnose({ ...at })).toEqual([])
  })

  test.each<[string, RouteOverlap]>([
    ['that comes behind', overlap({ own: 'winner' })],
    ['that takes some of its requests', overlap({ isWhole: false })],
    ['of which that is not certain', overlap({ certain: false })],
  ])('another RouteTable %s is not proven to be a rival', (_what, found) => {
    expect(diagnose({ ...at, snapshot: sceneWith({ overlaps: [found] }) })).toEqual([])
  })
})

test('what the surroundings prove comes before guesses, mere possibilities are left out, and three are the most', () => {
  const errors = errorCounts({
    'http 404 (no route)': 1,
    'foreign routes': 1,
    timeout: 1,
    redirect: 1,
    'http 429': 1,
  })
  const snapshot = sceneWith({ delegations: [delegation('/api')] })
  const causes = diagnose({ ...at, proof: proofOf({ errors, unidentified: 1 }), snapshot })
  expect(causes).toHaveLength(3)
  expect(causes.map(({ id, certainty }) => `${certainty} ${id}`)).toEqual([
    'certain parent-prefix',
    'certain redirect',
    'certain rate-limit',
  ])
})
