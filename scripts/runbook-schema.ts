// Makes schema/runbook-v1.json of the form that canary reads runbooks by.
import { writeFile } from 'node:fs/promises'
import { runbookSchema } from './make-runbook-schema.js'

await writeFile(new URL('../schema/runbook-v1.json', import.meta.url), await runbookSchema())
