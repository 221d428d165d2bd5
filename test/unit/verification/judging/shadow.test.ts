import { expect, test } from 'vitest'
import { judgeShadow } from '../../../../src/verification/judging/shadow.js'

const judged = (share: number, requests: number, copies: number) =>
  judgeShadow('v2', share, { requests, copies }, 0.01)

test.each([
  ['as many as wanted', 0.2, 459, 93, 'pass'],
  ['all of them', 1, 300, 300, 'pass'],
  ['all but what came between two readings', 1, 300, 298, 'pass'],
  ['more copies than requests, as they are read one after the other', 1, 300, 301, 'pass'],
  ['none at all', 0.2, 459, 0, 'fail'],
  ['none of a small share', 0.01, 5000, 0, 'fail'],
  ['twice as many', 0.2, 459, 190, 'fail'],
  ['half of all', 1, 300, 150, 'fail'],
  ['too few to tell', 0.2, 20, 4, undefined],
  ['no requests', 0.2, 0, 0, undefined],
])('%s', (_title, share, requests, copies, verdict) => {
  expect(judged(share, requests, copies)?.verdict).toBe(verdict)
})

test('says what was counted', () => {
  expect(judged(0.2, 459, 93)?.reason).toMatch(
    /^copies to v2: 93 of 459 requests, 20\.3 % \([\d.]+–[\d.]+, wanted 20\)$/,
  )
})
