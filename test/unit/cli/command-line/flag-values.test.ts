import { describe, expect, test } from 'vitest'
import { isOn, plainSwitches } from '../../../../src/cli/command-line/flag-values.js'

const flags = {
  json: { type: 'boolean' },
  'dry-run': { type: 'boolean', env: 'CANARY_DRY_RUN' },
  'each-proxy': { type: 'boolean', allowNo: true },
  yes: { type: 'boolean', char: 'y' },
  namespace: { type: 'option', char: 'n' },
  'kube-context': { type: 'option', aliases: ['context'] },
} as const

function plain(words: string, env = {}): string {
  return plainSwitches(words.split(' '), flags, env).join(' ')
}

describe('switches', () => {
  test.each([
    ['echo --json=true', 'echo --json'],
    ['echo --json=YES 5', 'echo --json 5'],
    ['echo --dry-run=false 5', 'echo 5'],
    ['--each-proxy=false', '--no-each-proxy'],
    ['--namespace=true', '--namespace=true'],
    ['-n --json=true', '-n --json=true'],
    ['--context -yes', '--context -yes'],
    ['echo -- --json=true', 'echo -- --json=true'],
    ['-y -nshop -ojson', '-y -nshop -ojson'],
  ])('%s is %s', (given, meant) => {
    expect(plain(given)).toBe(meant)
  })

  test.each([
    ['--json=maybe', '--json takes no value'],
    ['--json=', '--json takes no value'],
    ['-namespace shop', '"-namespace" needs two dashes'],
    ['-context=shop', '"-context=shop" needs two dashes'],
  ])('%s is refused', (given, message) => {
    expect(() => plain(given)).toThrow(message)
  })

  test('a switch that the environment sets is not taken back without a word', () => {
    expect(() => plain('--dry-run=false', { CANARY_DRY_RUN: 'true' })).toThrow(
      'CANARY_DRY_RUN sets --dry-run',
    )
  })

  test('--json=true asks for JSON in errors, too', () => {
    expect(['--json', '--json=true', '--json=1', '--json=false'].map((word) => isOn(word, '--json'))).toEqual(
      [true, true, true, false],
    )
  })
})
