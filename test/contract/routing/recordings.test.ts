import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { KubeObject } from '../../../src/sandbox/api-server/objects.js'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import { gatewayPrograms } from '../../support/gateway-programs.js'
import { type DataPlane, startDataPlane } from './data-plane.js'
import {
  deployment,
  headerRoute,
  KINDS,
  put,
  routeTable,
  service,
  single,
  to,
  upstream,
  virtualService,
  weighted,
} from './objects.js'

interface Recording {
  scenario: string
  apply_error: string | null
  requests: {
    path: string
    headers: string[]
    method?: string
    sent: number
    answers: Record<string, number>
    first_answer_headers: Record<string, string>
  }[]
  statuses: Record<string, { statuses: Record<string, unknown> } | null>
}

const { scenarios } = JSON.parse(
  readFileSync(new URL('fixtures/gloo-recordings.json', import.meta.url), 'utf8'),
) as { scenarios: Recording[] }

const responseHeader = (key: string, value: string) => ({
  headerManipulation: { responseHeadersToAdd: [{ header: { key, value }, append: false }] },
})
const echo = [service('echo'), upstream('echo'), deployment('echo', 'v1'), deployment('echo', 'v2')]

/** The objects of each scenario, from its name and note; those the API server refuses are its own tests. */
const OBJECTS: Record<string, KubeObject[]> = {
  'stage 1: install': [...echo.slice(0, 3), routeTable('echo', [single('echo', 'v1')])],
  'stage 2: v2 deployed, routes unchanged': [...echo, routeTable('echo', [single('echo', 'v1')])],
  'stage 3: header route, weights 100/0': [
    ...echo,
    routeTable('echo', [headerRoute, weighted('echo', { v1: 100, v2: 0 })]),
  ],
  'stage 4: weight 50': [...echo, routeTable('echo', [headerRoute, weighted('echo', { v1: 50, v2: 50 })])],
  'stage 5: weight 100': [...echo, routeTable('echo', [headerRoute, weighted('echo', { v1: 0, v2: 100 })])],
  'weights need not sum to 100: 30/30': [
    ...echo,
    routeTable('echo', [headerRoute, weighted('echo', { v1: 30, v2: 30 })]),
  ],
  'weight 50, v2 scaled to 0, default fallback': [
    ...echo.slice(0, 3),
    deployment('echo', 'v2', 0),
    routeTable('echo', [headerRoute, weighted('echo', { v1: 50, v2: 50 })]),
  ],
  'weight 50, v2 scaled to 0, NO_FALLBACK': [
    service('echo'),
    upstream('echo', { fallbackPolicy: 'NO_FALLBACK' }),
    deployment('echo', 'v1'),
    deployment('echo', 'v2', 0),
    routeTable('echo', [headerRoute, weighted('echo', { v1: 50, v2: 50 })]),
  ],
  'weight 50, v2 rolls to an image that cannot be pulled': [
    ...echo,
    routeTable('echo', [headerRoute, weighted('echo', { v1: 50, v2: 50 })]),
  ],
  'servicePort 8080 while the Service has port 80': [
    service('echo'),
    upstream('echo', { servicePort: 8080 }),
    deployment('echo', 'v1'),
    routeTable('echo', [single('echo', 'v1')]),
  ],
  'RouteTable not selected by any VirtualService': [
    ...echo,
    routeTable('echo', [single('echo', 'v1')], { apiGroup: 'other' }),
  ],
  'Upstream missing': [
    service('echo'),
    deployment('echo', 'v1'),
    routeTable('echo', [single('echo', 'v1'), single('echo', 'v1', { prefix: '/echo2' })]),
  ],
  'weights all 0 after a good table': [...echo, routeTable('echo', [single('echo', 'v1')])],
  'route without action': [...echo, routeTable('echo', [{ matchers: [{ prefix: '/echo' }] }])],
  'header matchers: presence, regex (full match), several (all must match)': [
    ...echo,
    routeTable('echo', [
      single('echo', 'v2', { prefix: '/echo', headers: [{ name: 'x-any' }] }),
      single('echo', 'v2', { prefix: '/echo', headers: [{ name: 'x-re', value: 'v[0-9]+', regex: true }] }),
      single('echo', 'v2', {
        prefix: '/echo',
        headers: [
          { name: 'x-a', value: '1' },
          { name: 'x-b', value: '2' },
        ],
      }),
      single('echo', 'v1'),
    ]),
  ],
  'header route listed after the plain one': [
    ...echo,
    routeTable('echo', [single('echo', 'v1'), headerRoute]),
  ],
  'exact, regex, methods': [
    ...echo,
    routeTable('echo', [
      single('echo', 'v1', { exact: '/echo', methods: ['GET'] }),
      single('echo', 'v2', { regex: '/echo/[A-Za-z]+' }),
    ]),
  ],
  'response headers per route and per weighted destination': [
    ...echo,
    routeTable('echo', [
      { ...headerRoute, options: responseHeader('x-canary-version', 'v2') },
      {
        matchers: [{ prefix: '/echo' }],
        options: responseHeader('x-canary-routes', 'abc123'),
        routeAction: {
          multi: {
            destinations: ['v1', 'v2'].map((version) => ({
              destination: to('echo', version),
              weight: 50,
              options: responseHeader('x-canary-version', version),
            })),
          },
        },
      },
    ]),
  ],
  'the same prefix in two tables of two namespaces (dup, echo)': [
    ...echo,
    service('dup'),
    upstream('dup'),
    deployment('dup', 'v1'),
    routeTable('echo', [single('echo', 'v1')]),
    routeTable('dup', [single('dup', 'v1', { prefix: '/echo' })]),
  ],
  'no RouteTable left for the VirtualService': echo,
}

/** What is applied after the first objects are served. */
const THEN: Record<string, KubeObject> = {
  'weights all 0 after a good table': routeTable('echo', [weighted('echo', { v1: 0, v2: 0 })]),
  'weight 50, v2 rolls to an image that cannot be pulled': deployment(
    'echo',
    'v2',
    1,
    'example/echo:missing',
  ),
}

const SETTLED = { timeout: 5000, interval: 100 }

/** Refused by the API server, not by Gloo: held by the API server's own tests. */
const REFUSED = ['negative weight', 'header value is a boolean']

let plane: DataPlane

test('all recorded scenarios are here', () => {
  expect([...Object.keys(OBJECTS), ...REFUSED].sort()).toEqual(
    scenarios.map(({ scenario }) => scenario).sort(),
  )
})

const { envoy } = (await gatewayPrograms(['envoy'])).found
const PROXIES = [
  { proxy: "the sandbox's proxy", options: {}, isThere: true },
  {
    proxy: `the real Envoy${envoy === undefined ? ' (not run: npm run gateways envoy)' : ''}`,
    options: { envoy },
    isThere: envoy !== undefined,
  },
]

describe.each(PROXIES)('recorded scenarios of Gloo and Envoy with $proxy', ({ options, isThere }) => {
  beforeAll(async () => {
    if (isThere) plane = await startDataPlane(options)
  })
  afterAll(async () => {
    if (isThere) await plane.close()
  })

  test.runIf(isThere).each(scenarios.filter(({ scenario }) => !REFUSED.includes(scenario)))(
    '$scenario',
    async (recording) => {
      await plane.reset()
      for (const object of [virtualService(), ...OBJECTS[recording.scenario]!]) {
        put(plane.store, KINDS[object.kind]!, object)
      }
      await plane.settled()
      const then = THEN[recording.scenario]
      if (then) {
        put(plane.store, KINDS[then.kind]!, then)
        await plane.settled()
      }
      // The real Envoy reads its files a moment after they change.
      for (const request of recording.requests) await vi.waitFor(() => compare(request), SETTLED)
      for (const [object, status] of Object.entries(recording.statuses)) compareStatus(object, status)
    },
  )
})

async function compare(request: Recording['requests'][number]): Promise<void> {
  const headers = request.headers.map((header) => header.split(': ') as [string, string])
  const { answers, first } = await plane.count(request.path, headers, request.sent)
  const recorded = Object.keys(request.answers).sort()
  expect(Object.keys(answers).sort(), request.path).toEqual(recorded)
  for (const [answer, count] of Object.entries(request.answers)) {
    // Two samples of one share: five times the standard deviation of their difference.
    const spread = 5 * Math.sqrt(2 * count * (1 - count / request.sent))
    expect(Math.abs(answers[answer]! - count), `${request.path} ${answer}`).toBeLessThanOrEqual(spread)
  }
  const sample = {
    ...first,
    'x-envoy-upstream-service-time': first['x-envoy-upstream-service-time'] && '<ms>',
  }
  const expected = request.first_answer_headers
  if (recorded.length === 1) expect(pick(sample, expected)).toEqual(expected)
  else
    expect(Object.keys(pick(sample, expected))).toEqual(expect.arrayContaining(['server', 'content-length']))
}

function pick(from: Record<string, unknown>, like: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => name in like))
}

/** Compared as Gloo left it after a while: an empty status is one it had not yet written when it was recorded. */
function compareStatus(object: string, recorded: Recording['statuses'][string]): void {
  const [plural, path] = object.split(' ') as [keyof typeof RESOURCES, string]
  const [namespace, name] = path.split('/') as [string, string]
  const found = plane.store.get(RESOURCES[plural], namespace, name)
  if (recorded === null) return expect(found).toBeUndefined()
  const gloo = recorded.statuses['gloo-system'] as
    { state: string; reason?: string; subresourceStatuses?: Record<string, { state?: string }> } | undefined
  if (!gloo) return
  const ours = found?.status.statuses['gloo-system']
  expect({ state: ours.state, reason: ours.reason }).toEqual({ state: gloo.state, reason: gloo.reason })
  const proxies = Object.entries(gloo.subresourceStatuses ?? {})
  for (const [proxy, sub] of proxies) if (sub.state) expect(ours.subresourceStatuses[proxy]).toEqual(sub)
}
