// Makes schema/output-v1.json of the types in json-documents.ts; with --check only says whether it is up to date.
import { readFile, writeFile } from 'node:fs/promises'
import { format, resolveConfig } from 'prettier'
import { createGenerator } from 'ts-json-schema-generator'

const file = new URL('../schema/output-v1.json', import.meta.url)

const { definitions } = createGenerator({
  path: new URL('json-documents.ts', import.meta.url).pathname,
  tsconfig: new URL('../tsconfig.json', import.meta.url).pathname,
  type: 'Documents',
  additionalProperties: true,
  skipTypeCheck: true,
}).createSchema('Documents')

const { Documents: documents, ...types } = definitions
const names = Object.keys(documents.properties).sort()
const schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'What canary prints with --json',
  description:
    'One document for each command: #/definitions/status is that of canary status. Where a command fails it is #/definitions/error. ' +
    'Further fields may come; those named here keep their meaning.',
  anyOf: names
    .filter((name) => name !== 'values')
    .map((name) => ({ $ref: `#/definitions/${encodeURIComponent(name)}` })),
  definitions: {
    ...Object.fromEntries(names.map((name) => [name, documents.properties[name]])),
    ...types,
  },
}
const style = await resolveConfig(file)
const text = await format(JSON.stringify(schema), { ...style, parser: 'json' })
if (!process.argv.includes('--check')) await writeFile(file, text)
else if (text !== (await readFile(file, 'utf8').catch(() => ''))) {
  console.error('schema/output-v1.json is not what scripts/json-documents.ts says: npm run docs:json')
  process.exitCode = 1
}
