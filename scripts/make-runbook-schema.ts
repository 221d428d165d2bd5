import { toJsonSchema } from '@valibot/to-json-schema'
import { format, resolveConfig } from 'prettier'
import { DEFINITIONS, EITHER, runbookForm } from '../src/runbook/form/runbook.js'

const file = new URL('../schema/runbook-v1.json', import.meta.url)

/** The text of schema/runbook-v1.json: the form that canary reads runbooks by, for editors. */
export async function runbookSchema(): Promise<string> {
  const form = toJsonSchema(runbookForm, {
    typeMode: 'input',
    target: 'draft-07',
    definitions: DEFINITIONS,
  })
  const schema = { title: 'canary runbook', ...form, oneOf: EITHER.map((key) => ({ required: [key] })) }
  return format(JSON.stringify(schema), { ...(await resolveConfig(file)), parser: 'json' })
}
