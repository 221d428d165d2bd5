import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { valuesTable, withTable } from '../../scripts/chart-values-table.js'
import { chartFolder } from './helm.js'

let readme: string
let table: string
beforeAll(async () => {
  const read = (name: string) => readFile(path.join(chartFolder, name), 'utf8')
  readme = await read('README.md')
  table = valuesTable(JSON.parse(await read('values.schema.json')), parse(await read('values.yaml')))
})

test("the README's tables are those of the schema; npm run docs:chart makes them", () => {
  expect(withTable(readme, table)).toBe(readme)
})

test('every value has a description', () => {
  const undescribed = table.split('\n').filter((line) => line.startsWith('| `') && line.endsWith('|  |'))
  expect(undescribed).toEqual([])
})

test.each([
  [
    'a default of values.yaml',
    'routes.versionHeader',
    '`x-canary-version` | Response header with the version that the proxy chose',
  ],
  ['a default of the templates', 'app.port', 'integer | `8080` | Port of the container'],
  ['a choice', 'upstream.fallbackPolicy', '`ANY_ENDPOINT`, `NO_FALLBACK` | `ANY_ENDPOINT`'],
  ['what is in the items of a list', 'routes.matches[].prefix', 'text |  | Prefix of the path'],
  ['what has to be there', 'routes.canary.version', 'text | required'],
  ['a number that --set makes a text of', 'verify.tolerance', 'number |'],
  ['a placeholder', 'app.config.mountPath', '/etc/\\<release>'],
])('the tables tell %s', (_title, key, told) => {
  const row = table.split('\n').find((line) => line.startsWith(`| \`${key}\` |`))
  expect(row).toContain(told)
})

test('a README without the marks is left alone, with a word on it', () => {
  expect(() => withTable('# gloo-app\n', table)).toThrow(/chart\/README\.md has no line <!-- Made by/)
})
