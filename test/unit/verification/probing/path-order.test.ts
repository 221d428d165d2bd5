import { expect, test } from 'vitest'
import { pathOrder } from '../../../../src/verification/probing/path-order.js'

test('every proxy gets every path once a round, in an order by chance', () => {
  const paths = ['/a', '/b', '/c']
  const next = pathOrder(paths, 2)
  const rounds = Array.from({ length: 200 }, (_, round) =>
    Array.from({ length: 6 }, (_, index) => next(round * 6 + index)),
  )
  for (const round of rounds)
    for (const proxy of [0, 1]) expect(round.filter((_, index) => index % 2 === proxy).sort()).toEqual(paths)
  expect(new Set(rounds.map(([first]) => first))).toEqual(new Set(paths))
  expect(rounds.some(([first, second]) => first !== second)).toBe(true)
})
