import { describe, expect, test } from 'vitest'
import { HELM_MAJORS } from '../../scripts/tools.js'
import { canaryValues, template } from './helm.js'

interface Refusal {
  title: string
  values: unknown
  /** What the message has to say: the schema's words differ between Helm 3 and 4, the chart's own do not. */
  says: RegExp | { 3: RegExp; 4: RegExp }
  app?: string
}

const versions = (...names: string[]) => ({
  deployment: Object.fromEntries(names.map((name) => [name, {}])),
  routes: { primary: { version: names[0] } },
})

const config = (values: Record<string, unknown>) => ({ ...versions('v1'), deployment: { v1: values } })

const routes = (more: Record<string, unknown>) => ({
  ...versions('v1'),
  routes: { primary: { version: 'v1' }, ...more },
})

const REFUSALS: Refusal[] = [
  {
    title: 'weight 150',
    values: canaryValues({ weight: 150 }),
    says: {
      3: /routes\.canary\.weight: Must be less than or equal to 100/,
      4: /\/routes\/canary\/weight': maximum: got 150, want 100/,
    },
  },
  {
    title: 'weight -5',
    values: canaryValues({ weight: -5 }),
    says: {
      3: /routes\.canary\.weight: Must be greater than or equal to 0/,
      4: /\/routes\/canary\/weight': minimum: got -5, want 0/,
    },
  },
  {
    title: 'weight 12.5',
    values: canaryValues({ weight: 12.5 }),
    says: {
      3: /routes\.canary\.weight: Invalid type\. Expected: \[integer,null\], given: number/,
      4: /\/routes\/canary\/weight': got number, want null or integer/,
    },
  },
  ...['abc', '50'].map((weight) => ({
    title: `weight "${weight}", a string`,
    values: canaryValues({ weight }),
    says: {
      3: /routes\.canary\.weight: Invalid type\. Expected: \[integer,null\], given: string/,
      4: /\/routes\/canary\/weight': got string, want null or integer/,
    },
  })),
  {
    title: 'a canary without headers',
    values: canaryValues({ headers: undefined }),
    says: /routes\.canary\.headers is empty: .* Name at least one header that marks the requests for v2/,
  },
  {
    title: 'a canary with an empty map of headers',
    values: canaryValues({ headers: {} }),
    says: /routes\.canary\.headers is empty/,
  },
  {
    title: 'a header value that is no string',
    values: canaryValues({ headers: { stage: true } }),
    says: {
      3: /routes\.canary\.headers\.stage: Invalid type\. Expected: \[string,null\], given: boolean/,
      4: /\/routes\/canary\/headers\/stage': got boolean, want null or string/,
    },
  },
  {
    title: 'an empty header value, which any value would match',
    values: canaryValues({ headers: { stage: '' } }),
    says: {
      3: /routes\.canary\.headers\.stage: Does not match pattern/,
      4: /headers\/stage': '' does not match/,
    },
  },
  {
    title: 'a header name with a blank',
    values: canaryValues({ headers: { 'the stage': 'canary' } }),
    says: { 3: /Property name of "the stage" does not match/, 4: /invalid propertyName 'the stage'/ },
  },
  {
    title: 'canary headers that are one to HTTP',
    values: canaryValues({ headers: { stage: 'a', Stage: 'b' } }),
    says: /routes\.canary\.headers: Stage and stage are one header, as case does not count: name it once/,
  },
  ...['Host', 'user-agent', 'Content-Length'].map((name) => ({
    title: `the canary header ${name}`,
    values: canaryValues({ headers: { [name]: 'x' } }),
    says: new RegExp(`routes\\.canary\\.headers: "${name}" can't choose a route`),
  })),
  {
    title: 'a header of a match beyond ASCII',
    values: routes({ matches: [{ prefix: '/x', headers: { 'x-tenant': 'Zürich' } }] }),
    says: {
      3: /matches\.0\.headers\.x-tenant: Does not match/,
      4: /headers\/x-tenant': 'Zürich' does not match/,
    },
  },
  ...[
    { path: '/x?y=1', says: /has a query, .* write exact: "\/x" and its parameters into query/ },
    { path: '/x#frag', says: /has a fragment, .* leave it out \(a # in a path is %23\)/ },
    { path: '/a b', says: /has characters .* percent-encoded: write it as "\/a%20b"/ },
    { path: '/stra\u00dfe%20', says: /has characters .* write it as "\/stra%C3%9Fe%20"/ },
    { path: '/%zz', says: /has a % without two hex digits after it: write it as %25/ },
    { path: '/a/..', says: /has \. or \.\. as a segment/ },
  ].map(({ path, says }) => ({
    title: `the path ${path}, which no client sends`,
    values: routes({ matches: [{ prefix: '/x' }, { exact: path }] }),
    says: new RegExp(`routes\\.matches\\[1\\]\\.exact: ".*" ${says.source}`),
  })),
  {
    title: 'a canary version that is not deployed',
    values: canaryValues({ version: 'v3' }),
    says: /routes\.canary\.version is "v3", which is not deployed: .* one of those deployed: v1, v2\./,
  },
  {
    title: 'a canary version equal to the primary',
    values: canaryValues({ version: 'v1' }),
    says: /routes\.canary\.version is "v1", the primary's own: name another version, or leave routes\.canary out/,
  },
  {
    title: 'a canary without a version',
    values: canaryValues({ version: undefined }),
    says: { 3: /routes\.canary: version is required/, 4: /\/routes\/canary': missing property 'version'/ },
  },
  {
    title: 'a primary version that is not deployed',
    values: { ...versions('v1'), routes: { primary: { version: 'v9' } } },
    says: /routes\.primary\.version is "v9", which is not deployed: .* one of those deployed: v1\./,
  },
  {
    title: 'no primary version',
    values: { deployment: { v1: {}, v2: {} } },
    says: /routes\.primary\.version is not set: .* one of those deployed: v1, v2\./,
  },
  {
    title: 'no values at all',
    values: '{}',
    says: /deployment is empty: name at least one version to deploy/,
  },
  {
    title: 'two versions whose objects would have one name',
    values: versions('1.7', '1-7'),
    says: /The objects of the versions "1-7" and "1\.7" would have one name, "echo-1-7": choose versions that differ/,
  },
  {
    title: 'a version with a dot at its end',
    values: versions('1.'),
    says: { 3: /Property name of "1\." does not match/, 4: /invalid propertyName '1\.'/ },
  },
  {
    title: 'version V_2',
    values: versions('V_2'),
    says: { 3: /Property name of "V_2" does not match/, 4: /invalid propertyName 'V_2'/ },
  },
  {
    title: 'primary version V_2',
    values: routes({ primary: { version: 'V_2' } }),
    says: {
      3: /routes\.primary\.version: Does not match pattern/,
      4: /\/routes\/primary\/version': 'V_2' does not match pattern/,
    },
  },
  {
    title: 'a version that is no string',
    values: 'deployment: {"1": {}}\nroutes: {primary: {version: 1}}',
    says: {
      3: /routes\.primary\.version: Invalid type\. Expected: string, given: integer/,
      4: /\/routes\/primary\/version': got number, want string/,
    },
  },
  {
    title: 'a primary that null removes',
    values: 'deployment: {v1: , v2: {}}\nroutes: {primary: {version: v1}}',
    says: /routes\.primary\.version is "v1", which is not deployed: .*: v2\./,
  },
  {
    title: 'release name and version too long for a container',
    values: versions('v'.repeat(59)),
    says: /The name "echo-v{59}" \(release and version\) has 64 characters: a container's has at most 63\. Shorten/,
  },
  {
    title: 'a release name that no Service can have',
    app: '2echo',
    values: versions('v1'),
    says: /The release's name "2echo" can't be the name of a Service: it has to start with a letter/,
  },
  {
    title: 'an unknown key',
    values: { ...versions('v1'), deployments: {} },
    says: {
      3: /Additional property deployments is not allowed/,
      4: /additional properties 'deployments' not/,
    },
  },
  {
    title: 'an unknown key under routes',
    values: routes({ weight: 50 }),
    says: {
      3: /routes: Additional property weight is not allowed/,
      4: /\/routes': additional properties 'weight' not/,
    },
  },
  {
    title: 'an unknown key under routes.canary',
    values: canaryValues({ wieght: 50 }),
    says: { 3: /Additional property wieght is not allowed/, 4: /additional properties 'wieght' not/ },
  },
  {
    title: 'an unknown key of a version',
    values: config({ tag: '1.0' }),
    says: {
      3: /deployment\.v1: Additional property tag is not allowed/,
      4: /\/deployment\/v1': additional properties 'tag' not/,
    },
  },
  {
    title: 'a negative number of replicas',
    values: config({ replicas: -1 }),
    says: {
      3: /deployment\.v1\.replicas: Must be greater/,
      4: /\/deployment\/v1\/replicas': minimum: got -1/,
    },
  },
  {
    title: 'arguments that are no list of strings',
    values: config({ args: [8080] }),
    says: {
      3: /deployment\.v1\.args\.0: Invalid type/,
      4: /\/deployment\/v1\/args\/0': got number, want string/,
    },
  },
  {
    title: 'an unknown pull policy',
    values: config({ imagePullPolicy: 'Sometimes' }),
    says: { 3: /imagePullPolicy must be one of/, 4: /imagePullPolicy': value must be one of 'Always'/ },
  },
  {
    title: 'an unknown fallback policy',
    values: { ...versions('v1'), upstream: { fallbackPolicy: 'NONE' } },
    says: { 3: /fallbackPolicy must be one of/, 4: /fallbackPolicy': value must be one of 'ANY_ENDPOINT'/ },
  },
  {
    title: 'a null in place of a map',
    values: { ...versions('v1'), upstream: null },
    says: { 3: /upstream is required/, 4: /missing property 'upstream'/ },
  },
  {
    title: 'an API group that is no label',
    values: routes({ apiGroup: 'my group' }),
    says: {
      3: /routes\.apiGroup: Does not match pattern/,
      4: /\/routes\/apiGroup': 'my group' does not match/,
    },
  },
  {
    title: 'one name for both response headers',
    values: routes({ fingerprintHeader: 'X-Canary', versionHeader: 'x-canary' }),
    says: /routes\.fingerprintHeader and routes\.versionHeader are both "x-canary": give one of them another name/,
  },
  {
    title: 'a version source of a wrong type',
    values: { ...versions('v1'), verify: { version: { header: 1 } } },
    says: {
      3: /verify\.version\.header: Invalid type/,
      4: /\/verify\/version\/header': got number, want null or string/,
    },
  },
  {
    title: 'a key of verify that is none',
    values: { ...versions('v1'), verify: { tolerances: 2 } },
    says: {
      3: /verify: Additional property tolerances is not allowed/,
      4: /\/verify': additional properties 'tolerances' not allowed/,
    },
  },
  {
    title: 'a status that is none',
    values: { ...versions('v1'), verify: { expect: { status: '2xx' } } },
    says: /verify.expect.status/,
  },
]

describe.each(HELM_MAJORS)('Helm %i refuses', (major) => {
  test.concurrent.each(REFUSALS)('$title', async ({ values, says, app }) => {
    const { exitCode, stdout, stderr } = await template(major, values, { app, namespace: 'echo' })
    expect(stderr).toMatch(says instanceof RegExp ? says : says[major])
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  })
})
