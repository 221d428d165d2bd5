import { describe, expect, test } from 'vitest'
import type { Expectation, ProbeKind } from '../../../../src/model/verify/expectation.js'
import {
  type CountedRule,
  type CountedWindow,
  judgeCounted,
  openCounted,
} from '../../../../src/verification/judging/counted.js'

function rule(
  kind: ProbeKind,
  share: number,
  others: CountedRule['others'],
  regularShare = share,
): CountedRule {
  const expectation: Expectation = {
    kind,
    paths: ['/echo'],
    headers: kind === 'canary' ? { stage: 'canary' } : {},
    primary: 'v1',
    canary: 'v2',
    share,
  }
  return { expectation, others, regularShare, alpha: 0.001 }
}

function window(v1: number, v2: number, answered = 459, more: Record<string, number> = {}): CountedWindow {
  return { answered, probes: answered, requests: { v1, v2, ...more } }
}

describe('what the sum of all requests proves', () => {
  test.each<[title: string, rule: CountedRule, window: CountedWindow, verdict?: string]>([
    ['a version without a route gets nothing', rule('regular', 0, 'nobody'), window(700, 0), 'pass'],
    ['a version without a route gets one request', rule('regular', 0, 'nobody'), window(700, 1), 'fail'],
    [
      'a version that no stage knows gets one',
      rule('regular', 0, 'nobody'),
      window(700, 0, 459, { v3: 1 }),
      'fail',
    ],
    ['users send the canary headers: unclear', rule('regular', 0, 'users'), window(460, 3)],
    ['regular probes went to the canary', rule('regular', 0, 'users'), window(0, 459), 'fail'],
    ['copies of a shadow are no requests of users', rule('regular', 0, 'copies'), window(459, 230), 'pass'],
    ['canary probes beside regular users', rule('canary', 1, 'users', 0), window(5000, 459), 'pass'],
    ['canary probes that went to the primary', rule('canary', 1, 'users', 0), window(5459, 0), 'fail'],
    ['canary probes beside users by weight', rule('canary', 1, 'users', 0.5), window(500, 959), 'pass'],
    ['canary probes by weight themselves', rule('canary', 1, 'users', 0.5), window(230, 229, 229), 'fail'],
    ['half of them', rule('regular', 0.5, 'users'), window(500, 500), 'pass'],
    ['not half of them', rule('regular', 0.5, 'users'), window(900, 100), 'fail'],
    ['too few', rule('regular', 0.5, 'users'), window(10, 12, 20)],
    ['fewer than were answered: other counters', rule('regular', 0, 'nobody'), window(3, 0)],
  ])('%s', (_title, own, counted, verdict) => {
    expect(judgeCounted(own, counted)?.verdict).toBe(verdict)
  })
})

test('what is open says why', () => {
  expect(openCounted(rule('regular', 0, 'users'), window(460, 3))).toBe(
    'v2 got 3 requests meanwhile: whether by the canary headers of users or by a wrong route, counters do not show',
  )
  expect(openCounted(rule('regular', 0, 'nobody'), window(3, 0))).toBe(
    'the proxies counted 3 requests to the pods of the app while 459 probes were answered',
  )
})
