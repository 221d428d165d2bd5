import { describe, expect, test } from 'vitest'
import { parseDuration } from '../../../src/lib/durations.js'

describe('Go durations', () => {
  test.each([
    ['0', 0],
    ['90s', 90_000],
    ['5m', 300_000],
    ['5m0s', 300_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['300ms', 300],
    ['.5s', 500],
    ['2h45m', 9_900_000],
    ['1000us', 1],
    ['1000µs', 1],
    ['1000000ns', 1],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
  })

  test.each(['', '5', '5 m', 'm', '-5s', '+5s', '5x', '1m30', 's5', '1e3s'])('"%s" is none', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })
})
