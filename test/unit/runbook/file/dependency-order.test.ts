import { describe, expect, it } from 'vitest'
import { circleOf, inOrder } from '../../../../src/runbook/file/dependency-order.js'

const names = (...items: string[]) =>
  items.map((item) => {
    const [name, ...after] = item.split(' ')
    return { name: name!, after }
  })

describe('inOrder', () => {
  it.each([
    ['as given where nothing waits', ['a', 'b', 'c'], ['a', 'b', 'c']],
    ['after what it waits for', ['a b', 'b c', 'c'], ['c', 'b', 'a']],
    ['after all of several', ['a b c', 'b', 'c'], ['b', 'c', 'a']],
    ['without what is in a circle, or waits for one', ['a b', 'b a', 'c a', 'd'], ['d']],
  ])('%s', (_, given, expected) => {
    expect(inOrder(names(...given)).map(({ name }) => name)).toEqual(expected)
  })
})

describe('circleOf', () => {
  it.each([
    ['none', ['a b', 'b'], undefined],
    ['of two', ['a b', 'b a'], ['a', 'b', 'a']],
    ['of one', ['a a'], ['a', 'a']],
    ['that others wait for', ['a b', 'b c', 'c b'], ['b', 'c', 'b']],
  ])('%s', (_, given, expected) => {
    expect(circleOf(names(...given))).toEqual(expected)
  })
})
