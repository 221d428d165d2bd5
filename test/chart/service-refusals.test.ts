import { describe, expect, test } from 'vitest'
import { template } from './helm.js'

/*
 * What the chart refuses of services of one's own. With Helm 4 alone: the chart's own messages are the same with any
 * Helm, and that both check the schema is for refusals.test.ts to show.
 */

type Case = [title: string, values: unknown, says: RegExp]

const v1 = (config: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  deployment: { v1: config },
  routes: { primary: { version: 'v1' } },
  ...more,
})

const routes = (more: Record<string, unknown>) => ({
  deployment: { v1: {}, v2: {} },
  routes: { primary: { version: 'v1' }, ...more },
})

const matches = (...list: unknown[]) => routes({ matches: list })

const canary = { version: 'v2', headers: { stage: 'canary' } }

const CONTAINER: Case[] = [
  [
    'a path where two volumes are',
    v1({ config: { files: { a: '' } }, secrets: [{ name: 'db', mountPath: '/etc/echo' }] }),
    /deployment\.v1: two volumes are mounted at one path, of \/etc\/echo, \/etc\/echo\./,
  ],
  ['a key of app that is none', { ...v1({}), app: { tag: '1' } }, /\/app': additional properties 'tag'/],
  ['an image without a repository', v1({ image: { tag: '1' } }), /deployment\.v1\.image has no repository/],
  ['a repository with a digest', v1({ image: { repository: 'a@sha256:0a' } }), /image\/repository/],
  ['a digest that is none', v1({ image: { repository: 'a', digest: 'latest' } }), /image\/digest/],
  ['a Secret for pulling that no name is', v1({ image: { pullSecrets: ['My Secret'] } }), /pullSecrets\/0/],
  ['a name of a variable', v1({ env: { '1A': 'x' } }), /invalid propertyName '1A'/],
  ['a variable from nowhere', v1({ env: { A: {} } }), /\/env\/A': minProperties/],
  ['a variable from a place unknown', v1({ env: { A: { secretRef: {} } } }), /env\/A': .*secretRef/],
  [
    'a variable twice',
    v1({ env: { A: '1' }, config: { env: { A: '2' } } }),
    /deployment\.v1\.env\.A is in config\.env too: leave one of them out/,
  ],
  ['a file with a folder', v1({ config: { files: { 'a/b': '' } } }), /invalid propertyName 'a\/b'/],
  ['a folder that is none', v1({ config: { mountPath: 'etc' } }), /config\/mountPath/],
  [
    'a file with the name of a variable',
    v1({ config: { files: { A: '' }, env: { A: '' } } }),
    /deployment\.v1\.config: "A" is the name of a file and of a variable/,
  ],
  ['a Secret for nothing', v1({ secrets: [{ name: 'db' }] }), /v1\.secrets: db needs either env: true/],
  [
    'a Secret for both',
    v1({ secrets: [{ name: 'db', env: true, mountPath: '/db' }] }),
    /deployment\.v1\.secrets: db needs either/,
  ],
  [
    'a volume with the name of one of the chart',
    v1({ config: { files: { a: '' } }, volumes: [{ name: 'config', emptyDir: {} }] }),
    /deployment\.v1: two volumes have one name, of config, config\./,
  ],
  ['a port out of range', v1({ port: 70000 }), /\/port': maximum: got 70,000/],
  [
    'a port that is taken',
    v1({ ports: [{ name: 'more', port: 8080 }] }),
    /deployment\.v1\.ports: 8080 is taken twice \(port is 8080\)/,
  ],
  [
    "the port's name",
    v1({ ports: [{ name: 'http', port: 1 }] }),
    /deployment\.v1\.ports: the name "http" is taken twice/,
  ],
  ['a name of a port', v1({ ports: [{ name: 'A_b', port: 1 }] }), /\/ports\/0\/name': 'A_b' does not match/],
  [
    'a port where nobody listens',
    v1({ port: 9000 }),
    /deployment\.v1\.port is 9000: the Service sends requests to port 8080 of every version/,
  ],
  [
    'a probe of a port that is none',
    v1({ probes: { readiness: { path: '/', port: 'admin' } } }),
    /deployment\.v1\.probes\.readiness: admin is not a port of the container, which has 8080 \(http\)/,
  ],
  [
    'a gRPC probe of such a port',
    v1({ probes: { liveness: { grpc: { port: 1 } } } }),
    /probes\.liveness: 1 is/,
  ],
  [
    'a probe without a slash',
    v1({ probes: { startup: 'healthz' } }),
    /\/probes\/startup': 'healthz' does not/,
  ],
  ['a probe that is none', v1({ probes: { ready: '/' } }), /\/probes': additional properties 'ready'/],
  ['a wait beyond all bounds', v1({ drainSeconds: 9999 }), /\/drainSeconds': maximum/],
  ['a security unknown', v1({ podSecurity: 'baseline' }), /\/podSecurity': value must be one of/],
]

const PODS: Case[] = [
  [
    'replicas and autoscaling',
    v1({ replicas: 2, autoscaling: { maxReplicas: 3 } }),
    /deployment\.v1 has replicas and autoscaling: leave one of them out/,
  ],
  ['autoscaling without an end', v1({ autoscaling: { cpu: 50 } }), /autoscaling\.maxReplicas is not set/],
  [
    'more pods at least than at most',
    v1({ autoscaling: { minReplicas: 5, maxReplicas: 3 } }),
    /deployment\.v1\.autoscaling\.maxReplicas is 3, fewer than minReplicas, 5/,
  ],
  [
    'a budget of both',
    v1({ podDisruptionBudget: { minAvailable: 1, maxUnavailable: 1 } }),
    /deployment\.v1\.podDisruptionBudget needs either/,
  ],
  [
    "the chart's own labels",
    v1({ labels: { version: 'x' } }),
    /deployment\.v1\.labels\.version is the chart's own/,
  ],
  ['a label that is no text', v1({ labels: { team: 1 } }), /\/labels\/team': got number/],
  [
    "a sidecar with the app's name",
    v1({ sidecars: [{ name: 'echo-v1', image: 'a' }] }),
    /deployment\.v1: a container beside the app's has its name, "echo-v1"/,
  ],
  ['a name of an account', v1({ serviceAccount: 'My Account' }), /\/serviceAccount': 'My Account' does not/],
  [
    'one account with two configurations',
    {
      deployment: {
        v1: { serviceAccount: { create: true, annotations: { a: '1' } } },
        v2: { serviceAccount: { create: true } },
      },
      routes: { primary: { version: 'v1' } },
    },
    /serviceAccount: the account "echo" has other annotations for another version/,
  ],
]

const ROUTES: Case[] = [
  [
    'two rewrites of the path',
    routes({ options: { prefixRewrite: '/', regexRewrite: { pattern: { regex: 'a' }, substitution: 'b' } } }),
    /routes\.options\.prefixRewrite and routes\.options\.regexRewrite are both set/,
  ],
  ['a null in place of the Service', v1({}, { service: null }), /missing property 'service'/],
  ['a null in place of the test', v1({}, { test: null }), /missing property 'test'/],
  ['no match', routes({ matches: [] }), /\/routes\/matches': minItems/],
  [
    'a match without a path',
    matches({ methods: ['GET'] }),
    /routes\.matches\[0\] has no path: give it one of/,
  ],
  [
    'a match with two paths',
    matches({ prefix: '/' }, { prefix: '/a', exact: '/b' }),
    /routes\.matches\[1\] has exact and prefix: give it one of prefix, exact and regex/,
  ],
  ['a prefix without a slash', matches({ prefix: 'a' }), /matches\/0\/prefix': 'a' does not match/],
  ['a method that is none', matches({ prefix: '/', methods: ['get'] }), /matches\/0\/methods\/0'/],
  [
    'a pattern that RE2 has not',
    matches({ regex: '/(?!a)' }),
    /routes\.matches\[0\]\.regex: "\/\(\?!a\)" is not a pattern of RE2/,
  ],
  [
    'such a pattern of the query',
    matches({ prefix: '/', query: { page: { regex: '(a)\\1' } } }),
    /routes\.matches\[0\]\.query\.page\.regex: .* is not a pattern of RE2/,
  ],
  [
    'a match twice',
    matches({ prefix: '/a' }, { exact: '/b' }, { prefix: '/a' }),
    /routes\.matches\[2\] is the same as routes\.matches\[0\]: the first takes every request/,
  ],
  [
    'a header that is the canary header',
    routes({ canary, matches: [{ prefix: '/', headers: { Stage: 'x' } }] }),
    /routes\.matches\[0\]\.headers\.Stage is a canary header too/,
  ],
  [
    'a timeout without a unit',
    routes({ options: { timeout: '5' } }),
    /options\/timeout': '5' does not match/,
  ],
  [
    'an option unknown',
    routes({ options: { faults: {} } }),
    /\/routes\/options': additional properties 'faults'/,
  ],
  [
    'shadowing beside a canary',
    routes({ canary, shadow: { version: 'v2', percentage: 5 } }),
    /routes\.shadow and routes\.canary are both set/,
  ],
  [
    'shadowing by a version that is not there',
    routes({ shadow: { version: 'v3', percentage: 5 } }),
    /routes\.shadow\.version is "v3", which is not deployed: .*: v1, v2\./,
  ],
  [
    'shadowing by the primary',
    routes({ shadow: { version: 'v1', percentage: 5 } }),
    /routes\.shadow\.version is "v1", the primary's own/,
  ],
  [
    'shadowing of more than all',
    routes({ shadow: { version: 'v2', percentage: 101 } }),
    /percentage': maximum/,
  ],
  ['no domains', routes({ virtualService: { domains: [] } }), /virtualService\/domains': minItems/],
  [
    "the Service's port twice",
    v1({}, { service: { ports: [{ name: 'more', port: 80 }] } }),
    /service\.ports: more, 80, is taken already \(service\.port is 80, named http\)/,
  ],
  ['a capacity unknown', v1({}, { capacity: { scale: 'on' } }), /\/capacity\/scale': value must be one of/],
  [
    'a test of a pattern',
    { ...matches({ regex: '/a+' }), test: { enabled: true } },
    /test\.path is not set, and the first of routes\.matches is a pattern/,
  ],
]

describe.each([
  ['of the container', CONTAINER],
  ['of the pods', PODS],
  ['of the routes', ROUTES],
])('the chart refuses %s', (_part, cases) => {
  test.concurrent.each(cases)('%s', async (_title, values, says) => {
    const { exitCode, stdout, stderr } = await template(4, values)
    expect(stderr).toMatch(says)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  })
})
