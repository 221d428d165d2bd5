import { describe, expect, test } from 'vitest'
import { checkApp, checkVersion, parsePercent } from '../../../../src/cli/flags/args.js'
import { closest } from '../../../../src/lib/closest.js'
import { UsageError } from '../../../../src/model/errors.js'

describe('arguments', () => {
  test.each(['echo', 'a', '1', '1e3', 'my-app-2'])('"%s" names an app and a version', (text) => {
    expect(checkApp(text)).toBe(text)
    expect(checkVersion(text)).toBe(text)
  })

  test.each(['1.7', '1.10', '2024.11.3-rc.1', 'v1_2', 'a'.repeat(63)])('"%s" names a version', (text) => {
    expect(checkVersion(text)).toBe(text)
  })

  test.each(['.1', '1.', '_a', 'a_', 'a'.repeat(64), '1+2', 'constructor'])(
    '"%s" names no version',
    (text) => {
      expect(() => checkVersion(text)).toThrow(UsageError)
    },
  )

  test.each(['', 'V_2', 'Echo', '-a', 'a-', 'a b', 'a/b', 'ä'])('"%s" names neither', (text) => {
    expect(() => checkApp(text)).toThrow(UsageError)
    expect(() => checkVersion(text)).toThrow(UsageError)
  })

  test('an app may have 53 characters, as a Helm release', () => {
    expect(checkApp('a'.repeat(53))).toHaveLength(53)
    expect(() => checkApp('a'.repeat(54))).toThrow(UsageError)
  })

  test.each([
    ['0', 0],
    ['5', 5],
    ['99', 99],
    ['100', 100],
    ['50%', 50],
  ])('weight %s', (text, weight) => {
    expect(parsePercent('WEIGHT', text)).toBe(weight)
  })

  test.each(['101', '150', '-5', '12.5', '50 %', '050', '1e1', 'half', ''])('"%s" is no weight', (text) => {
    expect(() => parsePercent('WEIGHT', text)).toThrow(
      `WEIGHT "${text}" is not a whole number of percent from 0 to 100.`,
    )
  })
})

test.each([
  ['wieght', 'weight'],
  ['naemspace', 'namespace'],
  ['stauts', 'status'],
  ['shfit', 'shift'],
  ['frobnicate', undefined],
])('%s most likely means %s', (word, meant) => {
  expect(closest(word, ['weight', 'namespace', 'status', 'start', 'shift'])).toBe(meant)
})
