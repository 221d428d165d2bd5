import { existsSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { PrivateFolder } from '../../../src/cluster/private-folder.js'

const folder = new PrivateFolder()
const { TMPDIR } = process.env
afterEach(() => {
  folder.close()
  if (TMPDIR === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = TMPDIR
})

test('one folder, for the user only, until it is closed', () => {
  const made = folder.path()
  writeFileSync(path.join(made, 'secret'), '')

  expect(folder.path()).toBe(made)
  expect(path.dirname(made)).toBe(tmpdir())
  expect(statSync(made).mode & 0o777).toBe(0o700)
  folder.close()
  expect(existsSync(made)).toBe(false)
})

test('a temporary folder with too long a path for a socket is not used', () => {
  process.env.TMPDIR = `/tmp/${'long/'.repeat(20)}`

  expect(path.dirname(folder.path())).toBe('/tmp')
})
