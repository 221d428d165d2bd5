import { describe, expect, test } from 'vitest'
import type { CanaryError } from '../../../../src/model/errors.js'
import type { Plan } from '../../../../src/model/plan.js'
import type { JsonObject } from '../../../../src/model/values.js'
import { planAbort } from '../../../../src/rollout/plan/abort.js'
import { planFinish } from '../../../../src/rollout/plan/finish.js'
import { planShift } from '../../../../src/rollout/plan/shift.js'
import { planStart, type StartRequest } from '../../../../src/rollout/plan/start.js'
import { planInstall } from '../../../../src/rollout/plan/install.js'
import { violations } from '../../../../src/rollout/plan/safety/safety.js'
import { nextConfig } from '../../../../src/rollout/plan/version-config.js'
import { found, SEED } from '../seed-values.js'

const headers = { stage: 'canary' }

function startOf(version: string, changes: Partial<StartRequest> & { image?: string } = {}): StartRequest {
  const { image, ...rest } = changes
  return {
    version,
    headers,
    deployOnly: false,
    configured: image !== undefined,
    config: (primary) => nextConfig({ app: 'echo', namespace: 'echo' }, version, primary, { image }),
    ...rest,
  }
}

/** `deploy → header`: the names of a plan's steps. */
function steps(plan: Plan): string {
  expect(violations(plan)).toEqual([])
  return plan.steps.map(({ name }) => name).join(' → ')
}

function valuesOf(plan: Plan): JsonObject[] {
  return plan.steps.map(({ values }) => values)
}

describe('the seed’s steps are planned with the seed’s values', () => {
  test('install', () => {
    const plan = planInstall({ app: 'echo', namespace: 'echo', version: 'v1', base: {} })
    expect(steps(plan)).toBe('install')
    expect(valuesOf(plan)).toEqual([SEED[1]])
    expect(plan.steps[0]).toMatchObject({ readyAfter: ['v1'], goneAfter: [] })
  })
  test('start', () => {
    const plan = planStart(found(SEED[1]), startOf('v2'))
    expect(steps(plan)).toBe('deploy → header')
    expect(valuesOf(plan)).toEqual([SEED[2], SEED[3]])
    expect(plan.steps[0]).toMatchObject({ readyBefore: [], readyAfter: ['v2'] })
    expect(plan.steps[1]).toMatchObject({ readyBefore: ['v2'], readyAfter: [] })
  })
  test('start: the new version as it is written, 1.10', () => {
    const plan = planStart(found(SEED[1]), startOf('1.10', { image: 'team/app:1.10' }))
    expect(steps(plan)).toBe('deploy → header')
    expect(valuesOf(plan)[1]).toMatchObject({
      deployment: { '1.10': { image: 'team/app:1.10' } },
      routes: { canary: { version: '1.10' } },
    })
  })
  test.each([
    ['1-10', /The objects of 1-10 and 1\.10 would have the same name, "echo-1-10"/],
    ['1_10', /The objects of 1_10 and 1\.10 would have the same name, "echo-1-10"/],
    ['v'.repeat(59), /name of the Deployment .* "echo-v+", is too long: 64 characters \(at most 63\)/],
  ])('start of %s beside 1.10 is refused: its objects can have no name of their own', (version, says) => {
    const there = { deployment: { '1.10': {} }, routes: { primary: { version: '1.10' } } }
    expect(() => planStart(found(there), startOf(version))).toThrow(says)
  })
  test('start --deploy-only, then start', () => {
    const first = planStart(found(SEED[1]), startOf('v2', { deployOnly: true }))
    expect(valuesOf(first)).toEqual([SEED[2]])
    expect(valuesOf(planStart(found(SEED[2]), startOf('v2')))).toEqual([SEED[3]])
  })
  test('shift', () => {
    expect(valuesOf(planShift(found(SEED[3]), 50))).toEqual([SEED[4]])
    expect(valuesOf(planShift(found(SEED[4]), 100))).toEqual([SEED[5]])
    expect(valuesOf(planShift(found(SEED[5]), 0))).toEqual([SEED[3]])
  })
  test('a share that rises needs the canary’s pods, one that falls the primary’s', () => {
    expect(planShift(found(SEED[3]), 50).steps[0]!.readyBefore).toEqual(['v2'])
    expect(planShift(found(SEED[5]), 50).steps[0]!.readyBefore).toEqual(['v1'])
  })
  test('finish', () => {
    const plan = planFinish(found(SEED[5]), { jump: false })
    expect(steps(plan)).toBe('decommission')
    expect(valuesOf(plan)).toEqual([SEED[6]])
    expect(plan.steps[0]!.goneAfter).toEqual(['v1'])
  })
  test('finish from a weight goes by 100 %', () => {
    const plan = planFinish(found(SEED[4]), { version: 'v2', jump: false })
    expect(steps(plan)).toBe('weight → decommission')
    expect(valuesOf(plan)).toEqual([SEED[5], SEED[6]])
  })
  test('finish --jump from the header stage', () => {
    expect(steps(planFinish(found(SEED[3]), { jump: true }))).toBe('weight → decommission')
  })
  test.each([
    [2, 'remove-canary', [SEED[1]]],
    [3, 'route-back → remove-canary', [SEED[2], SEED[1]]],
    [4, 'route-back → remove-canary', [SEED[2], SEED[1]]],
    [5, 'route-back → remove-canary', [SEED[2], SEED[1]]],
  ] as const)('abort from values-%i', (file, names, values) => {
    const plan = planAbort(found(SEED[file]))
    expect(steps(plan)).toBe(names)
    expect(valuesOf(plan)).toEqual(values)
  })
})

describe('what must be seen', () => {
  test('nothing changes for anybody while v2 is deployed, canary requests included', () => {
    expect(planStart(found(SEED[1]), startOf('v2')).steps[0]!.expectations).toEqual([
      { kind: 'regular', paths: ['/echo'], headers: {}, primary: 'v1', canary: 'v2', share: 0 },
      { kind: 'canary', paths: ['/echo'], headers, primary: 'v1', canary: 'v2', share: 0 },
    ])
  })
  test.each([
    [0, 3],
    [0.5, 4],
    [1, 5],
  ] as const)('regular share %d in values-%i, marked always the canary', (share, file) => {
    const plan = planShift(found(SEED[file]), share * 100)
    expect(plan.steps).toEqual([])
    expect(plan.expectations).toEqual([
      { kind: 'regular', paths: ['/echo'], headers: {}, primary: 'v1', canary: 'v2', share },
      { kind: 'canary', paths: ['/echo'], headers, primary: 'v1', canary: 'v2', share: 1 },
    ])
  })
})

describe('a target that is reached already leaves only its proof', () => {
  const install = { app: 'echo', namespace: 'echo', version: 'v1' }
  test.each<[string, () => Plan]>([
    ['install', () => planInstall({ ...install, base: {}, found: SEED[1] })],
    ['install with the values it has', () => planInstall({ ...install, base: SEED[1], found: SEED[1] })],
    ['start', () => planStart(found(SEED[3]), startOf('v2'))],
    ['start --deploy-only', () => planStart(found(SEED[2]), startOf('v2', { deployOnly: true }))],
    ['shift', () => planShift(found(SEED[4]), 50)],
    ['finish', () => planFinish(found(SEED[6]), { jump: false })],
    ['finish v2', () => planFinish(found(SEED[6]), { version: 'v2', jump: false })],
    ['abort', () => planAbort(found(SEED[1]))],
  ])('%s', (_name, plan) => {
    expect(plan().steps).toEqual([])
    expect(plan().expectations).not.toEqual([])
    expect(plan().to).toEqual(plan().from)
  })
})

describe('what does not fit is a conflict that names the command that would', () => {
  const install = { app: 'echo', namespace: 'echo' }
  test.each<[string, () => Plan, RegExp, string]>([
    [
      'install another version',
      () => planInstall({ ...install, version: 'v2', base: {}, found: SEED[1] }),
      /already installed/,
      'canary start echo v2',
    ],
    [
      'install with other values',
      () => planInstall({ ...install, version: 'v1', base: { upstream: {} }, found: SEED[1] }),
      /other values/,
      'canary values echo',
    ],
    [
      'start the primary',
      () => planStart(found(SEED[1]), startOf('v1')),
      /already the primary/,
      'canary start echo',
    ],
    [
      'start another version than the one deployed',
      () => planStart(found(SEED[2]), startOf('v3')),
      /rollout of v2/,
      'canary abort echo',
    ],
    [
      'start what is deployed with another config',
      () => planStart(found(SEED[2]), startOf('v2', { image: 'example/echo:2' })),
      /another configuration/,
      'canary abort echo',
    ],
    [
      'start with other headers',
      () => planStart(found(SEED[3]), startOf('v2', { headers: { beta: 'yes' } })),
      /stage: canary, not beta: yes/,
      'canary abort echo',
    ],
    ['start at a weight', () => planStart(found(SEED[4]), startOf('v2')), /past/, 'canary shift echo 0'],
    [
      'shift a stable app',
      () => planShift(found(SEED[1]), 50),
      /no canary route/,
      'canary start echo VERSION',
    ],
    ['shift a deployed app', () => planShift(found(SEED[2]), 50), /no canary route/, 'canary start echo v2'],
    [
      'finish a deployed app',
      () => planFinish(found(SEED[2]), { jump: false }),
      /no canary route/,
      'canary start echo v2',
    ],
    [
      'finish from the header stage',
      () => planFinish(found(SEED[3]), { jump: false }),
      /served no regular request/,
      '--jump',
    ],
    [
      'finish with another version',
      () => planFinish(found(SEED[4]), { version: 'v3', jump: false }),
      /v2, not v3/,
      'canary finish echo v2',
    ],
    [
      'finish when stable on another version',
      () => planFinish(found(SEED[1]), { version: 'v2', jump: false }),
      /stable on v1, not on v2/,
      'canary start echo v2',
    ],
    [
      'abort after a finish',
      () => planAbort(found(SEED[6]), { from: 'v1', to: 'v2' }),
      /finished/,
      'canary undo echo v1',
    ],
  ])('%s', (_name, plan, said, command) => {
    const error = thrownBy(plan)
    expect(error.exitCode).toBe(6)
    expect(error.message).toMatch(said)
    expect(error.state).toBeDefined()
    expect(error.nextSteps.join('\n')).toContain(command)
  })

  test('commands name the namespace where it is not the app’s own name', () => {
    const error = thrownBy(() => planShift({ app: 'echo', namespace: 'shop', config: SEED[1] }, 50))
    expect(error.nextSteps).toEqual(['canary start echo VERSION -n shop'])
  })
})

describe('values that don’t go with an install are refused', () => {
  test.each<[string, JsonObject, RegExp]>([
    ['another version', { deployment: { v3: {} } }, /deploy v3/],
    ['another primary', { routes: { primary: { version: 'v3' } } }, /route to "v3"/],
    ['a canary', { routes: { canary: { version: 'v2' } } }, /canary route/],
    ['a version without a map', { deployment: { v1: 3 } }, /not a map/],
  ])('%s', (_name, base, said) => {
    const error = thrownBy(() => planInstall({ app: 'echo', namespace: 'echo', version: 'v1', base }))
    expect(error.exitCode).toBe(2)
    expect(error.message).toMatch(said)
    expect(error.nextSteps).not.toEqual([])
  })

  test('app and version too long for a Deployment’s name', () => {
    const error = thrownBy(() => planStart(found(SEED[1], 'a'.repeat(50)), startOf('b'.repeat(20))))
    expect(error.exitCode).toBe(2)
    expect(error.message).toMatch(/71 characters \(at most 63\)/)
  })
})

function thrownBy(work: () => unknown): CanaryError {
  try {
    work()
  } catch (error) {
    return error as CanaryError
  }
  throw new Error('nothing was thrown')
}

describe('shadowing', () => {
  const shadowed = (percentage: number): JsonObject => ({
    ...SEED[2],
    routes: { ...(SEED[2].routes as JsonObject), shadow: { version: 'v2', percentage } },
  })
  const deployOnly = true

  test('begins once the version is there, with a step of its own', () => {
    const plan = planStart(found(SEED[1]), startOf('v2', { deployOnly, shadow: 20 }))
    expect(steps(plan)).toBe('deploy → shadow')
    expect(valuesOf(plan)).toEqual([SEED[2], shadowed(20)])
    expect(plan.steps[1]).toMatchObject({ readyBefore: ['v2'] })
    expect(plan.to).toEqual({ name: 'deployed', primary: 'v1', canary: 'v2', shadow: 20 })
  })

  test.each([
    ['of a version that is deployed', SEED[2], 20, [shadowed(20)]],
    ['by another percentage', shadowed(20), 50, [shadowed(50)]],
    ['there already', shadowed(20), 20, []],
    ['left as it is', shadowed(20), undefined, []],
    ['ended', shadowed(20), 0, [SEED[2]]],
    ['none, and none wanted', SEED[2], 0, []],
  ])('%s', (_title, from, shadow, values) => {
    const plan = planStart(found(from), startOf('v2', { deployOnly, shadow }))
    expect(violations(plan)).toEqual([])
    expect(valuesOf(plan)).toEqual(values)
  })

  test('start ends it, with the step that makes the version the canary', () => {
    const plan = planStart(found(shadowed(20)), startOf('v2'))
    expect(steps(plan)).toBe('header')
    expect(valuesOf(plan)).toEqual([SEED[3]])
  })

  test('abort ends it before the version is removed', () => {
    const plan = planAbort(found(shadowed(20)))
    expect(steps(plan)).toBe('route-back → remove-canary')
    expect(plan.steps[0]!.title).toBe('stop shadowing requests to v2')
    expect(valuesOf(plan)).toEqual([SEED[2], SEED[1]])
  })

  test.each<[string, JsonObject, RegExp]>([
    ['of the primary', { version: 'v1', percentage: 20 }, /v1 is the primary/],
    ['of a version that is not there', { version: 'v3', percentage: 20 }, /v3 is not deployed/],
    ['without a share', { version: 'v2' }, /percentage: null is not a number/],
    ['of more than all', { version: 'v2', percentage: 101 }, /percentage: 101 is not a number/],
  ])('values that say nothing sound: %s', (_title, shadow, said) => {
    const config = { ...SEED[2], routes: { primary: { version: 'v1' }, shadow } }
    expect(() => planAbort(found(config))).toThrow(said)
  })
})
