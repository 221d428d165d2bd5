import { expect, test } from 'vitest'
import { repeatedCommand } from '../../../src/model/command-text.js'

test('a command to repeat has what decides what it does; values that may be secret stay open', () => {
  const typed = ['start', 'shop', '1.7', '--set-version', 'password=S3cret', '--set-version=url=S3cret']
  const rest = ['--version-values', 'my file.yaml', '-n', 'web', '--json', '--yes', '--dry-run', '-o', 'yaml']
  expect(repeatedCommand([...typed, ...rest])).toBe(
    "canary start shop 1.7 --set-version password=… --set-version=url=… --version-values 'my file.yaml' -n web",
  )
})
