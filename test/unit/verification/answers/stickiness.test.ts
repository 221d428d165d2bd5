import { describe, expect, test } from 'vitest'
import { Connections, Runs } from '../../../../src/verification/answers/stickiness.js'

/** Numbers from 0 to 1, the same ones every time. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

describe('runs', () => {
  const z = (draw: (n: number) => boolean, times = 400) => {
    const runs = new Runs()
    for (let n = 0; n < times; n += 1) runs.add(draw(n))
    return runs.z()
  }

  test('are as many as chance makes where each request is for itself', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = seeded(seed)
      expect(Math.abs(z(() => random() < 0.25)!)).toBeLessThan(4.5)
    }
  })

  test('are too few where answers stick', () => {
    expect(z((n) => Math.floor(n / 20) % 2 === 0)!).toBeLessThan(-10)
  })

  test('tell nothing where one version hardly answers', () => {
    expect(z((n) => n === 0)).toBeUndefined()
  })
})

describe('connections', () => {
  const z = (draw: (connection: number) => boolean) => {
    const connections = new Connections()
    for (let n = 0; n < 600; n += 1) connections.add(n % 10, draw(n % 10))
    return connections.z()
  }

  test('are alike where each request is for itself', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = seeded(seed)
      expect(z(() => random() < 0.5)!).toBeLessThan(6)
    }
  })

  test('are not where routing sticks to them', () => {
    expect(z((connection) => connection % 2 === 0)!).toBeGreaterThan(50)
  })
})
