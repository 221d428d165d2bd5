import type { CheckResult, Expectation } from '../../../../src/model/verify/expectation.js'
import type { Plan, Step } from '../../../../src/model/plan.js'
import type { Stage } from '../../../../src/model/stage.js'

const headers = { stage: 'canary' }
export const stable: Stage = { name: 'stable', primary: 'v1' }
export const header: Stage = { name: 'header', primary: 'v1', canary: 'v2', headers }
export const half: Stage = { name: 'weighted', primary: 'v1', canary: 'v2', headers, weight: 50 }

export function regular(share: number): Expectation {
  return { kind: 'regular', paths: ['/echo'], headers: {}, primary: 'v1', canary: 'v2', share }
}

export const marked: Expectation = {
  kind: 'canary',
  paths: ['/echo'],
  headers,
  primary: 'v1',
  canary: 'v2',
  share: 1,
}

export function checkOf(expectation: Expectation, byVersion: Record<string, number>): CheckResult {
  return {
    expectation,
    verdict: 'pass',
    sent: Object.values(byVersion).reduce((sum, count) => sum + count, 0),
    byVersion,
    unidentified: 0,
    errors: [],
    interval: [0.44, 0.561],
    tolerance: 0.1,
    alpha: 0.01,
    perPath: {},
    perProxy: {},
    reason: 'as wanted',
    restarts: 0,
    discarded: 0,
    elapsedMs: 1840,
    samples: [],
  }
}

const base = { apiGroup: 'example', primary: { version: 'v1' } }

export const headerStep: Step = {
  name: 'header',
  title: 'send requests with stage: canary to v2',
  to: header,
  values: {
    deployment: { v1: {}, v2: {} },
    routes: { ...base, canary: { version: 'v2', weight: 0, headers } },
  },
  readyBefore: ['v2'],
  readyAfter: [],
  goneAfter: [],
  expectations: [regular(0), marked],
}

export const deployStep: Step = {
  name: 'deploy',
  title: 'deploy v2 beside v1',
  to: { name: 'deployed', primary: 'v1', canary: 'v2' },
  values: { deployment: { v1: {}, v2: {} }, routes: base },
  readyBefore: [],
  readyAfter: ['v2'],
  goneAfter: [],
  expectations: [{ kind: 'regular', paths: ['/echo'], headers: {}, primary: 'v1', share: 0 }],
}

export const startPlan: Plan = {
  app: 'echo',
  namespace: 'echo',
  from: stable,
  to: header,
  before: { deployment: { v1: {} }, routes: base },
  steps: [deployStep, headerStep],
  expectations: [{ kind: 'regular', paths: ['/echo'], headers: {}, primary: 'v1', share: 0 }],
}
