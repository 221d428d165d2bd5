/** Writes the table of values in chart/README.md anew: `npm run docs:chart`. */
import { readFile, writeFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { valuesTable, withTable } from './chart-values-table.js'

const chart = new URL('../chart/', import.meta.url)
const readme = new URL('README.md', chart)
const schema = JSON.parse(await readFile(new URL('values.schema.json', chart), 'utf8')) as object
const values = parse(await readFile(new URL('values.yaml', chart), 'utf8')) as Record<string, unknown>
await writeFile(readme, withTable(await readFile(readme, 'utf8'), valuesTable(schema, values)))
