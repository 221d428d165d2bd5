import { describe, expect, test } from 'vitest'
import { UsageError } from '../../../../src/model/errors.js'
import type { JsonObject } from '../../../../src/model/values.js'
import { manifestChanges } from '../../../../src/rollout/plan/manifest-changes.js'
import { planUpgrade } from '../../../../src/rollout/plan/upgrade.js'
import { violations } from '../../../../src/rollout/plan/safety/safety.js'
import { upgradeValues, withOwned } from '../../../../src/rollout/values/upgrade-values.js'
import { SEED } from '../seed-values.js'

const deployed: JsonObject = {
  deployment: { v1: { image: 'shop:1' } },
  routes: { apiGroup: 'example', primary: { version: 'v1' } },
  upstream: { fallbackPolicy: 'NO_FALLBACK' },
}

describe('the values of an upgrade', () => {
  test.each<[string, JsonObject | undefined, string[], JsonObject]>([
    [
      'files replace all that no step owns',
      { verify: { version: { header: 'x-app-version' } } },
      [],
      {
        deployment: { v1: { image: 'shop:1' } },
        routes: { primary: { version: 'v1' } },
        verify: { version: { header: 'x-app-version' } },
      },
    ],
    [
      'files may repeat versions and routes',
      { deployment: { v1: { image: 'shop:1' } }, routes: { primary: { version: 'v1' }, canary: null } },
      [],
      { deployment: { v1: { image: 'shop:1' } }, routes: { primary: { version: 'v1' } } },
    ],
    [
      '--set changes single values of those deployed',
      undefined,
      ['routes.apiGroup=other'],
      { ...deployed, routes: { apiGroup: 'other', primary: { version: 'v1' } } },
    ],
    [
      '--set comes over the files',
      { upstream: { fallbackPolicy: 'NO_FALLBACK' } },
      ['upstream.fallbackPolicy=ANY_ENDPOINT,deployment.v1.image=shop:1'],
      {
        deployment: { v1: { image: 'shop:1' } },
        routes: { primary: { version: 'v1' } },
        upstream: { fallbackPolicy: 'ANY_ENDPOINT' },
      },
    ],
  ])('%s', (_name, base, set, values) => {
    expect(upgradeValues({ app: 'shop', namespace: 'shop' }, deployed, { base, set, setString: [] })).toEqual(
      values,
    )
  })

  test.each<[string, JsonObject | undefined, string[], string[], string]>([
    [
      'a version in a file',
      { deployment: { v1: { image: 'shop:1' }, v2: {} } },
      [],
      [],
      'deployment.v2 in base.yaml',
    ],
    [
      'its configuration',
      { deployment: { v1: { image: 'shop:2' } } },
      [],
      [],
      'deployment.v1.image in base.yaml',
    ],
    [
      'the primary',
      { routes: { primary: { version: 'v2' } } },
      [],
      [],
      'routes.primary.version in base.yaml',
    ],
    ['a canary', { routes: { canary: { version: 'v2' } } }, [], [], 'routes.canary.version in base.yaml'],
    ['a shadow', { routes: { shadow: { version: 'v2' } } }, [], [], 'routes.shadow.version in base.yaml'],
    ['replicas by --set', undefined, ['deployment.v1.replicas=2'], [], 'deployment.v1.replicas in --set'],
    [
      'a version by --set-string',
      undefined,
      [],
      ['deployment.v2.image=x'],
      'deployment.v2.image in --set-string',
    ],
  ])('%s is refused, naming the place and start', (_name, base, set, setString, place) => {
    const asked = () =>
      upgradeValues({ app: 'shop', namespace: 'shop' }, deployed, {
        base,
        baseName: 'base.yaml',
        set,
        setString,
      })
    expect(asked).toThrow(UsageError)
    expect(asked).toThrow(`${place} differs from the deployed one`)
    try {
      asked()
    } catch (error) {
      expect((error as UsageError).nextSteps[0]).toContain('canary start shop VERSION')
    }
  })

  test('base values out of another stage bring neither its versions nor its routes', () => {
    expect(withOwned({ ...SEED[4], verify: {} }, SEED[6])).toEqual({ ...SEED[6], verify: {} })
  })
})

function deployment(version: string, labels: JsonObject = {}, more: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `echo-${version}`, labels: { 'helm.sh/chart': 'gloo-app-0.1.0' } },
    spec: {
      selector: { matchLabels: { app: 'echo' } },
      template: {
        metadata: { labels: { version, ...labels } },
        spec: {
          containers: [{ name: 'echo', image: 'echo:1', env: [{ name: 'DB_PASSWORD', value: 's3cret-1' }] }],
        },
      },
      ...more,
    },
  }
}

const found = { app: 'echo', namespace: 'echo', config: SEED[1] }
const same = { before: 'gloo-app 0.1.0', after: 'gloo-app 0.1.0', isOther: false }
const other = { before: 'gloo-app 0.1.0', after: 'gloo-app 0.2.0', isOther: true }

describe('the plan of an upgrade', () => {
  test('one step that keeps the stage, says what changes and whose pods restart', () => {
    const plan = planUpgrade(found, {
      values: { ...SEED[1], verify: {} },
      chart: other,
      objects: { before: [deployment('v1')], after: [deployment('v1', { team: 'blue' })] },
    })

    expect(violations(plan)).toEqual([])
    expect(plan.steps).toMatchObject([
      {
        name: 'upgrade',
        title: 'apply chart gloo-app 0.2.0 and change verify',
        to: { name: 'stable', primary: 'v1' },
        readyAfter: ['v1'],
        goneAfter: [],
        changes: {
          chart: { before: 'gloo-app 0.1.0', after: 'gloo-app 0.2.0' },
          objects: [
            {
              kind: 'Deployment',
              name: 'echo-v1',
              change: 'changed',
              fields: [{ path: 'spec.template.metadata.labels.team', after: 'blue' }],
            },
          ],
          restarts: ['v1'],
        },
      },
    ])
  })

  test('nothing to change: no step', () => {
    const objects = { before: [deployment('v1')], after: [deployment('v1')] }
    expect(planUpgrade(found, { values: SEED[1], chart: same, objects }).steps).toEqual([])
  })

  test.each([2, 3, 4, 5] as const)('off stable it is a conflict (values %i)', (stage) => {
    const rolling = { ...found, config: SEED[stage] }
    const upgrade = { values: SEED[stage], chart: other, objects: { before: [], after: [] } }
    expect(() => planUpgrade(rolling, upgrade)).toThrow(/only while stable/)
  })

  test.each<[string, JsonObject[], RegExp]>([
    [
      'goes under another name',
      [{ ...deployment('v1'), metadata: { name: 'echo-one' } }],
      /remove Deployment echo-v1/,
    ],
    [
      'gets another selector',
      [deployment('v1', {}, { selector: { matchLabels: { app: 'echo', tier: 'web' } } })],
      /change the selector of Deployment echo-v1/,
    ],
  ])('a Deployment that %s is refused', (_name, after, said) => {
    const upgrade = { values: SEED[1], chart: other, objects: { before: [deployment('v1')], after } }
    expect(() => planUpgrade(found, upgrade)).toThrow(said)
  })

  test.each<[string, JsonObject]>([
    ['a version more', { ...SEED[1], deployment: { v1: {}, v2: {} } }],
    ['another configuration', { ...SEED[1], deployment: { v1: { replicas: 2 } } }],
    ['a canary route', SEED[3]],
  ])('the safety rules hold the step to base values: %s', (_name, values) => {
    const plan = planUpgrade(found, { values, chart: other, objects: { before: [], after: [] } })
    expect(violations(plan).join('; ')).toContain('changes versions or routes')
  })
})

describe('what changes in the objects', () => {
  test('fields by the names of list entries, secrets masked; objects that come and go', () => {
    const changed = structuredClone(deployment('v1')) as any
    changed.spec.template.spec.containers[0].image = 'echo:2'
    changed.spec.template.spec.containers[0].env[0].value = 's3cret-2'
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'old' } }
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'new' } }

    const [first, ...rest] = manifestChanges([deployment('v1'), service], [changed, map])

    const container = 'spec.template.spec.containers[echo]'
    expect(first?.fields).toContainEqual({ path: `${container}.image`, before: 'echo:1', after: 'echo:2' })
    expect(first?.fields.map(({ path }) => path)).toContain(`${container}.env[DB_PASSWORD].value`)
    expect(JSON.stringify(first)).not.toContain('s3cret')
    expect(rest).toEqual([
      { kind: 'Service', name: 'old', change: 'removed', fields: [] },
      { kind: 'ConfigMap', name: 'new', change: 'added', fields: [] },
    ])
  })

  test("neither Helm's chart label nor hooks are told", () => {
    const next = deployment('v1') as any
    next.metadata.labels['helm.sh/chart'] = 'gloo-app-0.2.0'
    const hook = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'test', annotations: { 'helm.sh/hook': 'test' } },
    }
    expect(manifestChanges([deployment('v1')], [next, hook])).toEqual([])
  })
})
