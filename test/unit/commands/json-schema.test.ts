import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { outputSchema } from '../../support/json-schema.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

test('every command has a definition, and a failure has one', () => {
  const files = readdirSync(`${root}src/commands`, { recursive: true, encoding: 'utf8' })
  const commands = files
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -'.ts'.length).replaceAll(/[/\\]/g, ' '))
  expect(Object.keys(outputSchema().definitions)).toEqual(expect.arrayContaining([...commands, 'error']))
})

test('the schema is what the types say', async () => {
  const outcome = await execa(process.execPath, ['scripts/json-schema.mjs', '--check'], {
    cwd: root,
    reject: false,
  })
  expect(outcome).toMatchObject({ stderr: '', exitCode: 0 })
})
