import { readFile } from 'node:fs/promises'
import { parseDocument } from 'yaml'
import { UsageError } from '../model/errors.js'
import type { JsonObject } from '../model/values.js'
import { isObject, mergeValues } from '../rollout/merge.js'

/** Reads values files and merges them as helm does, later ones winning. Throws UsageError naming the file and line. */
export async function readValuesFiles(files: string[]): Promise<JsonObject> {
  let values: JsonObject = {}
  for (const file of files) values = mergeValues(values, await readValuesFile(file))
  return values
}

/** Reads one YAML file that holds a map. Keys and values that only look like numbers stay as YAML 1.1 reads them. */
export async function readValuesFile(file: string): Promise<JsonObject> {
  const document = parseDocument(await readText(file), { version: '1.1', stringKeys: true })
  const error = document.errors[0]
  if (error) {
    throw new UsageError(`${file} is no YAML: ${error.message.trim()}`, {
      state: 'Nothing was changed.',
      nextSteps: [`correct ${file} at line ${error.linePos?.[0].line ?? 1}`],
    })
  }
  const content = document.toJS() as unknown
  if (content === null || content === undefined) return {}
  if (isObject(content)) return content
  throw new UsageError(
    `${file} holds ${Array.isArray(content) ? 'a list' : 'a single value'}, not a map of values.`,
    {
      state: 'Nothing was changed.',
      nextSteps: ['write it as a map, as in: replicas: 2'],
    },
  )
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new UsageError(
      `The values file ${file} ${missing ? 'does not exist' : `can't be read: ${String(error)}`}.`,
      {
        state: 'Nothing was changed.',
        nextSteps: ['check the path, relative to the folder you are in'],
        cause: error,
      },
    )
  }
}
