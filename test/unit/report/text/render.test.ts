import { describe, expect, test } from 'vitest'
import { CanaryError, ConflictError, ExternalError, UsageError } from '../../../../src/model/errors.js'
import type { StageProof } from '../../../../src/model/verify/expectation.js'
import { renderDocument } from '../../../../src/report/document.js'
import { renderDoctor } from '../../../../src/report/text/doctor-text.js'
import { errorDocument, renderError } from '../../../../src/report/text/error-text.js'
import { createPalette, wantsColour } from '../../../../src/report/terminal/palette.js'
import { ago, elapsed, percent } from '../../../../src/report/text/phrases.js'
import type { OperationResult } from '../../../../src/model/results/change.js'
import { renderProof, renderResult } from '../../../../src/report/text/result-text.js'
import { renderApps, renderStatus } from '../../../../src/report/text/status-text.js'
import { changeLine, diffValues } from '../../../../src/model/values-diff.js'
import { checkOf, half, header, marked, stable, startPlan, regular } from './samples.js'

const plain = createPalette(false)

function proofOf(...checks: StageProof['checks']): StageProof {
  return { verdict: 'pass', url: 'http://127.0.0.1:8080', convergence: 'fingerprint', checks }
}

const started: OperationResult = {
  app: 'echo',
  namespace: 'echo',
  dryRun: false,
  changed: true,
  stage: header,
  revision: 3,
  plan: startPlan,
  commands: ['helm upgrade echo one', 'helm upgrade echo two'],
  proofs: [{ stage: header, proof: proofOf(checkOf(regular(0), { v1: 459 }), checkOf(marked, { v2: 459 })) }],
  next: ['canary shift echo 50'],
  undo: 'canary abort echo',
}

describe('results', () => {
  test('a changing command: the stage, the proof, next and undo', () => {
    expect(renderResult(started, plain))
      .toBe(`✔ echo header: requests with stage: canary go to v2, all others to v1 (revision 3)
  proof   v1 459/459 without the header
          v2 459/459 with stage: canary
  next    canary shift echo 50
  undo    canary abort echo`)
  })

  test('nothing to change is said', () => {
    expect(renderResult({ ...started, changed: false }, plain)).toContain('(revision 3), nothing to change\n')
  })

  test('a split shows the share, what was wanted and the interval', () => {
    const proof = proofOf(checkOf(regular(0.5), { v1: 310, v2: 302 }), checkOf(marked, { v2: 459 }))
    expect(renderProof({ ...started, stage: half, proof }, plain)).toContain(
      '  proof   v2 302/612 (49.3 %, wanted 50 %, interval 44 % to 56.1 %) without the header\n',
    )
  })

  test('a dry run: each step with values, command, pods and probes', () => {
    expect(renderResult({ ...started, dryRun: true, stage: stable, proofs: [] }, plain))
      .toBe(`echo in namespace echo: stable: every request goes to v1

step 1 of the plan: deploy v2 beside v1
  values  + deployment.v2: {}
  runs    helm upgrade echo one
  waits   pods of v2 ready
  checks  /echo: all answers from v1

step 2 of the plan: send requests with stage: canary to v2
  values  + routes.canary.version: "v2"
          + routes.canary.weight: 0
          + routes.canary.headers.stage: "canary"
  runs    helm upgrade echo two
  waits   before: pods of v2 ready
  checks  /echo without the header: all answers from v1
          /echo with stage: canary: all answers from v2

dry run: nothing was changed`)
  })

  test('a dry run without steps says what would be proven', () => {
    const text = renderResult({ ...started, dryRun: true, plan: { ...startPlan, steps: [] } }, plain)
    expect(text).toMatch(
      /nothing to change; the stage would be verified again:\n {2}\/echo: all answers from v1$/,
    )
  })
})

describe('status', () => {
  const now = Date.parse('2026-03-01T12:00:00Z')
  const pods = {
    deployment: 'echo-v1',
    ready: 1,
    wanted: 1,
    problems: [] as string[],
    image: 'hashicorp/http-echo',
  }
  const undisturbed = {
    byHand: false,
    differences: [],
    autoscalers: [],
    autoscaled: [],
    orphans: [],
    neighbours: [],
    namespaceIsGoing: false,
  }

  test('one app', () => {
    const text = renderStatus(
      {
        ...undisturbed,
        app: 'echo',
        namespace: 'echo',
        stage: half,
        revision: 4,
        updated: '2026-03-01T11:57:00Z',
        description: 'canary shift echo 50',
        chart: 'gloo-app-0.1.0',
        unfinished: { revision: 5, status: 'failed', description: 'timed out' },
        versions: [
          { ...pods, version: 'v1' },
          { ...pods, version: 'v2', ready: 0, problems: ['ErrImagePull: no such image'] },
        ],
        next: ['canary shift echo 100'],
        undo: 'canary abort echo',
      },
      plain,
      now,
    )
    expect(text)
      .toBe(`echo weighted: 50 % of the requests and those with stage: canary go to v2, the rest to v1
  namespace echo
  primary   v1  ✔ 1/1 pods ready  hashicorp/http-echo
  canary    v2  ✖ 0/1 pods ready  hashicorp/http-echo (ErrImagePull: no such image)
  weight    50 %
  headers   stage: canary
  revision  4, 3 min ago, canary shift echo 50
  chart     gloo-app-0.1.0
  ! revision 5 after it is failed: timed out
  next    canary shift echo 100
  undo    canary abort echo`)
  })

  test('one app that others changed', () => {
    const owner = { by: 'helm' as const, app: 'worker', namespace: 'shop', managedByHelm: true }
    const worker = { kind: 'Deployment', name: 'worker', owner }
    const autoscaler = { name: 'echo-v1', deployment: 'echo-v1', min: 2, max: 10 }
    const text = renderStatus(
      {
        app: 'echo',
        namespace: 'echo',
        stage: stable,
        revision: 7,
        updated: '2026-03-01T11:57:00Z',
        description: 'Upgrade complete',
        byHand: true,
        versions: [{ ...pods, version: 'v1' }],
        differences: [
          { kind: 'Deployment', name: 'echo-v2' },
          {
            kind: 'RouteTable',
            name: 'echo-routes',
            path: 'spec.routes[0].matchers[0].prefix',
            wanted: '/echo',
            found: '/other',
            by: { manager: 'kubectl-edit', at: '2026-03-01T11:57:00Z' },
          },
          { kind: 'RouteTable', name: 'echo-routes', path: 'spec.routes', wanted: [1, 2], found: [1] },
        ],
        autoscalers: [autoscaler],
        autoscaled: [{ ...autoscaler, wanted: 1, found: 7 }],
        controller: { tool: 'Flux', kind: 'HelmRelease', name: 'echo', namespace: 'apps' },
        orphans: ['echo-v3'],
        neighbours: [
          { ...worker, version: 'v1', ready: 2, getsRequests: true },
          { ...worker, version: '2024.1', ready: 1, getsRequests: false },
        ],
        namespaceIsGoing: true,
        next: [],
      },
      plain,
      now,
    )
    expect(text).toBe(`echo stable: every request goes to v1
  namespace echo
  primary   v1  ✔ 1/1 pods ready  hashicorp/http-echo
  revision  7, 3 min ago, Upgrade complete, made by hand
  scaled by HPA echo-v1: 2 to 10 replicas of echo-v1
  ! namespace echo is being deleted, and echo with it
  ! Flux's HelmRelease echo in namespace apps applies the release by itself (flux suspend helmrelease echo -n apps)
  ! Deployment echo-v2 is gone: somebody deleted it
  ! RouteTable echo-routes: spec.routes[0].matchers[0].prefix is "/other", deployed was "/echo" (kubectl-edit, 3 min ago)
  ! RouteTable echo-routes: spec.routes has 1 entry, deployed were 2
  ! HPA echo-v1 has set 7 replicas (2 to 10) of Deployment echo-v1, deployed were 1
  ! Deployment echo-v3 was left behind by a failed helm: the next canary abort or finish removes it
  ! 2 pods of Deployment worker (Helm release shop/worker) match the app's selector (app: echo, version: v1) and get requests of echo
  ! Deployment worker (Helm release shop/worker) carries the labels of echo (app: echo, version: 2024.1; 1 pod ready): not a part of the release, left alone`)
  })

  test('all apps', () => {
    const text = renderApps(
      [
        { app: 'echo', namespace: 'echo', stage: half, revision: 4, updated: '2026-03-01T11:57:00Z' },
        {
          app: 'foxtrot',
          namespace: 'demo',
          stage: stable,
          revision: 1,
          updated: '2026-02-27T12:00:00Z',
          unfinished: { revision: 2, status: 'failed', description: '' },
        },
      ],
      plain,
      now,
    )
    expect(text)
      .toBe(`APP      NAMESPACE  STAGE                       PRIMARY  CANARY  WEIGHT  REVISION  UPDATED
echo     echo       weighted                    v1       v2      50 %    4         3 min ago
foxtrot  demo       stable (revision 2 failed)  v1       -       -       1         2 d ago`)
  })

  test('no apps: how to get the first', () => {
    expect(renderApps([], plain, now)).toBe('There are no apps yet: canary install APP VERSION')
  })

  test.each([
    [80, 'APP      NAMESPACE  STAGE     PRIMARY  CANARY  WEIGHT  REVISION  UPDATED'],
    [70, 'APP      NAMESPACE  STAGE     PRIMARY  CANARY  WEIGHT  UPDATED'],
    [55, 'APP      NAMESPACE  STAGE     PRIMARY  CANARY  WEIGHT'],
    [40, 'APP      STAGE     PRIMARY  CANARY'],
  ])('the list at %i columns', (columns, heads) => {
    const app = { namespace: 'shop', stage: half, revision: 4, updated: '2026-03-01T11:57:00Z' }
    const lines = renderApps([{ ...app, app: 'foxtrot' }], plain, now, columns).split('\n')
    expect(lines[0]).toBe(heads)
    expect(lines.filter((line) => line.length > columns)).toEqual([])
  })
})

test('doctor: findings, remedies, a count', () => {
  const text = renderDoctor(
    [
      { check: 'helm', status: 'ok', detail: 'v4.2.3' },
      { check: 'proxy', status: 'warning', detail: 'no Service', remedy: 'give --proxy-url' },
      { check: 'cluster', status: 'problem', detail: 'refused', remedy: 'check the kubeconfig' },
    ],
    plain,
  )
  expect(text).toBe(`✔ helm     v4.2.3
! proxy    no Service
           → give --proxy-url
✖ cluster  refused
           → check the kubeconfig

1 problem, 1 warning`)
})

describe('errors', () => {
  test('what the command said, what state the app is in, what to do next', () => {
    const error = new ExternalError('helm could not upgrade echo.', {
      command: 'helm upgrade echo',
      code: 1,
      stderr: 'Error: timed out\n',
      state: 'echo: revision 2 is deployed.',
      nextSteps: ['canary status echo', 'canary abort echo'],
    })
    expect(renderError(errorDocument(error), plain)).toBe(`✖ helm could not upgrade echo.
  ran     helm upgrade echo (1)
          Error: timed out
  now     echo: revision 2 is deployed.
  next    canary status echo
          canary abort echo`)
  })

  test('of a long stderr the end is shown, all of it is in the document', () => {
    const stderr = Array.from({ length: 40 }, (_, index) => `line ${index}`).join('\n')
    const document = errorDocument(new ExternalError('failed.', { command: 'helm x', stderr }))
    const text = renderError(document, plain)
    expect(text).toContain('(28 lines left out: --json has them)')
    expect(text).toContain('line 39')
    expect(document.stderr).toBe(stderr)
  })

  test.each([
    [new UsageError('wrong'), 2, 'usage'],
    [new CanaryError('failed', 'no'), 3, 'failed'],
    [new CanaryError('inconclusive', 'no'), 4, 'inconclusive'],
    [new ExternalError('no'), 5, 'external'],
    [new ConflictError('no'), 6, 'conflict'],
    [new CanaryError('interrupted', 'no'), 130, 'interrupted'],
    [new TypeError('x is undefined'), 1, 'bug'],
    ['a string', 1, 'bug'],
  ])('%s has its code and name', (error, code, name) => {
    expect(errorDocument(error)).toMatchObject({ code, name })
  })

  test('a bug says that it is one', () => {
    expect(renderError(errorDocument(new TypeError('x is undefined')), plain)).toMatch(
      /^✖ This is a bug in canary: TypeError: x is undefined\n/,
    )
  })
})

describe('values', () => {
  test.each([
    ['added', { a: {} }, { a: {}, b: 1 }, ['+ b: 1']],
    ['removed', { a: { b: 'x', c: 1 } }, { a: { c: 1 } }, ['- a.b: "x"']],
    ['changed', { a: { b: 0 } }, { a: { b: 50 } }, ['~ a.b: 0 → 50']],
    ['a list as a whole', { a: [1] }, { a: [1, 2] }, ['~ a: [1] → [1,2]']],
    ['an empty map filled', { a: {} }, { a: { b: 1 } }, ['- a: {}', '+ a.b: 1']],
    ['a dotted key', {}, { 'a.b': { c: true } }, ['+ "a.b".c: true']],
    ['nothing', { a: { b: [] } }, { a: { b: [] } }, []],
  ])('%s', (_, before, after, lines) => {
    expect(diffValues(before, after).map(changeLine)).toEqual(lines)
  })
})

test.each([
  [0, '0.0 s'],
  [400, '0.4 s'],
  [9_960, '10 s'],
  [59_400, '59 s'],
  [59_700, '1 min 0 s'],
  [125_000, '2 min 5 s'],
])('%d ms are %s', (milliseconds, text) => {
  expect(elapsed(milliseconds)).toBe(text)
})

test('shares and times are said in few words', () => {
  expect([0, 0.5, 0.4873, 1].map(percent)).toEqual(['0 %', '50 %', '48.7 %', '100 %'])
  const now = Date.parse('2026-03-01T12:00:00Z')
  expect(ago('2026-03-01T11:59:55Z', now)).toBe('5 s ago')
  expect(ago('2026-03-01T09:00:00Z', now)).toBe('3 h ago')
})

describe('colour', () => {
  test.each([
    ['a terminal', 'auto', true, {}, true],
    ['a pipe', 'auto', false, {}, false],
    ['NO_COLOR', 'auto', true, { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR', 'auto', true, { NO_COLOR: '' }, true],
    ['a dumb terminal', 'auto', true, { TERM: 'dumb' }, false],
    ['FORCE_COLOR on a pipe', 'auto', false, { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0', 'auto', true, { FORCE_COLOR: '0' }, false],
    ['--color=always', 'always', false, { NO_COLOR: '1' }, true],
    ['--color=never', 'never', true, { FORCE_COLOR: '1' }, false],
  ] as const)('%s', (_, choice, terminal, env, wanted) => {
    expect(wantsColour(choice, terminal, env)).toBe(wanted)
  })

  test('only with colour are there escapes', () => {
    expect(plain.good('x') + plain.strong('x')).toBe('xx')
    expect(createPalette(true).good('x')).toBe('\u001b[32mx\u001b[39m')
  })
})

test('a document says the same in JSON and YAML', async () => {
  const document = { stage: half, undo: undefined, version: '1e3' }
  expect(JSON.parse(await renderDocument(document, 'json'))).toEqual({ stage: half, version: '1e3' })
  const { parse } = await import('yaml')
  const yaml = await renderDocument(document, 'yaml')
  expect(parse(yaml)).toEqual({ stage: half, version: '1e3' })
  expect(yaml).toContain('version: "1e3"')
  expect(
    await renderDocument({ env: { COUNTRY: 'NO', on: 'off', mode: '0o17', word: 'plain' } }, 'yaml'),
  ).toBe('env:\n  COUNTRY: "NO"\n  "on": "off"\n  mode: "0o17"\n  word: plain')
})
