import { describe, expect, test } from 'vitest'
import { GATEWAY, canaryValues, template } from './helm.js'

/* What the chart refuses of values for the Gateway API, and of these with Gloo. With Helm 4 alone, as in service-refusals.test.ts. */

type Values = Record<string, any>

const one = (routes: Values, more: Values = {}) => ({
  deployment: { v1: {} },
  ...more,
  routes: { provider: 'gateway-api', gateway: GATEWAY, primary: { version: 'v1' }, ...routes },
})
const option = (options: Values, ...features: string[]) => one({ options, gateway: { ...GATEWAY, features } })
const many = (count: number) => Array.from({ length: count }, (_, index) => ({ prefix: `/p${index}` }))

describe('refuses', () => {
  test.concurrent.each<[title: string, values: Values, says: RegExp]>([
    [
      'an unknown provider',
      one({ provider: 'istio' }),
      /provider': value must be one of 'gloo', 'gateway-api', 'both'/,
    ],
    [
      'no Gateway',
      one({ gateway: null }),
      /routes\.provider is "gateway-api", and no Gateway is named: set routes\.gateway\.name and .*, or routes\.parentRefs/,
    ],
    [
      'a Gateway named in two places',
      one({ parentRefs: [{ name: 'a' }] }),
      /routes\.gateway\.name and routes\.parentRefs are both set/,
    ],
    [
      'a Gateway named twice',
      one({ gateway: null, parentRefs: [{ name: 'a' }, { name: 'a', sectionName: 'x' }] }),
      /routes\.parentRefs\[1\] names Gateway "a" a second time: give each of them a sectionName/,
    ],
    ['a host that is a star', one({ hostnames: ['*'] }), /hostnames\/0': '\*' does not match/],
    ...['gateway', 'parentRefs', 'hostnames', 'namespace', 'backendTLS'].map(
      (key): [string, Values, RegExp] => [
        `routes.${key} with Gloo`,
        {
          ...canaryValues(),
          routes: {
            primary: { version: 'v1' },
            [key]: {
              gateway: GATEWAY,
              parentRefs: [GATEWAY],
              hostnames: ['a.b'],
              namespace: 'x',
              backendTLS: { hostname: 'a' },
            }[key],
          },
        },
        new RegExp(`routes\\.${key} is for the Gateway API, and routes\\.provider is gloo: set`),
      ],
    ),
    [
      'a fallback policy',
      one({}, { upstream: { fallbackPolicy: 'NO_FALLBACK' } }),
      /upstream\.fallbackPolicy \(NO_FALLBACK\) is Gloo's, .* leave it out/,
    ],
    [
      'a VirtualService',
      one({ virtualService: { domains: ['a.b'] } }),
      /routes\.virtualService is Gloo's, .* name the hosts in routes\.hostnames/,
    ],
    [
      'a version header of its own name',
      one({ versionHeader: 'x-version' }),
      /routes\.versionHeader needs the feature HTTPRouteBackendResponseHeaderModification: .*verify\.version/,
    ],
    [
      'a port',
      one({ gateway: { ...GATEWAY, port: 80 } }),
      /routes\.gateway\.port needs .*ParentRefPort: .* sectionName/,
    ],
    [
      'TLS to pods',
      one({ backendTLS: { hostname: 'a' } }),
      /routes\.backendTLS needs the feature BackendTLSPolicy/,
    ],
    [
      'gRPC',
      one({}, { service: { appProtocol: 'kubernetes.io/h2c' } }),
      /kubernetes\.io\/h2c needs .*BackendProtocolH2C/,
    ],
    [
      'a pattern',
      one({ matches: [{ regex: '/a+' }] }),
      /matches\[0\]\.regex needs .*PathRegularExpression: .* use prefix/,
    ],
    [
      'methods',
      one({ matches: [{ prefix: '/', methods: ['GET'] }] }),
      /matches\[0\]\.methods needs .*MethodMatching/,
    ],
    [
      'a query',
      one({ matches: [{ prefix: '/', query: { a: 'b' } }] }),
      /query\.a needs .*HTTPRouteQueryParamMatching/,
    ],
    [
      'any value of a parameter',
      one({
        matches: [{ prefix: '/', query: { a: null } }],
        gateway: { ...GATEWAY, features: ['HTTPRouteQueryParamMatching'] },
      }),
      /query\.a needs .*QueryParamRegularExpression: .* give it a value/,
    ],
    [
      'any value of a header',
      one({ matches: [{ prefix: '/', headers: { a: '' } }] }),
      /headers\.a, .*HeaderRegularExpression/,
    ],
    [
      'an empty segment',
      one({ matches: [{ prefix: '/a//b' }] }),
      /has an empty segment.* one slash for \/\//,
    ],
    [
      'a slash in a segment',
      one({ matches: [{ exact: '/a%2fb' }] }),
      /has %2f, which an HTTPRoute does not take/,
    ],
    [
      '65 matches',
      one({ matches: many(65) }),
      /routes\.matches are 65, .* an HTTPRoute takes 64, .* \(128 in all\)/,
    ],
    [
      '9 matches with prefixRewrite',
      one({
        matches: many(9),
        options: { prefixRewrite: '/' },
        gateway: { ...GATEWAY, features: ['HTTPRoutePathRewrite'] },
      }),
      /routes\.matches are 9, .* with routes\.options\.prefixRewrite an HTTPRoute takes 8, as it has 16 rules/,
    ],
    ['a timeout', option({ timeout: '5s' }), /options\.timeout needs the feature HTTPRouteRequestTimeout/],
    [
      'a timeout with a fraction',
      option({ timeout: '1.5s' }, 'HTTPRouteRequestTimeout'),
      /"1\.5s" is no duration of an HTTPRoute: whole numbers .* such as 1s500ms/,
    ],
    [
      'retries',
      option({ retries: { numRetries: 1 } }),
      /options\.retries: an HTTPRoute .* a policy of the implementation/,
    ],
    ['regexRewrite', option({ regexRewrite: { substitution: '/' } }), /regexRewrite: .* use prefixRewrite/],
    ['prefixRewrite', option({ prefixRewrite: '/' }), /prefixRewrite needs the feature HTTPRoutePathRewrite/],
    ['hostRewrite', option({ hostRewrite: 'a' }), /hostRewrite needs the feature HTTPRouteHostRewrite/],
    ['a host with a port', option({ hostRewrite: 'a:80' }, 'HTTPRouteHostRewrite'), /"a:80" is no host name/],
    ['cors', option({ cors: { allowOrigin: ['*'] } }), /options\.cors needs the feature HTTPRouteCORS/],
    [
      'origins by a pattern',
      option({ cors: { allowOriginRegex: ['.*'] } }, 'HTTPRouteCORS'),
      /cors\.allowOriginRegex: an HTTPRoute has .* allowOrigin takes https:\/\/\*\.example\.com/,
    ],
    [
      'a header out of a Secret',
      option({ headerManipulation: { requestHeadersToAdd: [{ headerSecretRef: { name: 'a' } }] } }),
      /requestHeadersToAdd\[0\]: an HTTPRoute takes a header with its value alone/,
    ],
    [
      "one of Envoy's commands",
      option({
        headerManipulation: { responseHeadersToAdd: [{ header: { key: 'a', value: '%HOSTNAME%' } }] },
      }),
      /responseHeadersToAdd\[0\]: "%HOSTNAME%" is a command of Envoy/,
    ],
    [
      'a header that is the fingerprint',
      option({
        headerManipulation: { responseHeadersToAdd: [{ header: { key: 'X-Canary-Routes', value: 'a' } }] },
      }),
      /X-Canary-Routes is routes\.fingerprintHeader/,
    ],
    [
      'shadowing',
      { ...one({ shadow: { version: 'v2', percentage: 20 } }), deployment: { v1: {}, v2: {} } },
      /routes\.shadow needs the feature HTTPRouteRequestMirror/,
    ],
    [
      'a share of it',
      {
        ...one({
          shadow: { version: 'v2', percentage: 20 },
          gateway: { ...GATEWAY, features: ['HTTPRouteRequestMirror'] },
        }),
        deployment: { v1: {}, v2: {} },
      },
      /routes\.shadow\.percentage 20 needs .*RequestPercentageMirror: .* \(percentage: 100\)/,
    ],
    [
      '17 versions',
      { ...one({}), deployment: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`v${n}`, {}])) },
      /deployment has 17 versions: a rule of an HTTPRoute names at most 16/,
    ],
    [
      'a Service name of 64 characters',
      { ...one({ primary: { version: 'v'.repeat(59) } }), deployment: { ['v'.repeat(59)]: {} } },
      /has 64 characters: .* Shorten the version/,
    ],
  ])('%s', async (_title, values, says) => {
    const { exitCode, stdout, stderr } = await template(4, values)
    expect(stderr).toMatch(says)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  })
})
