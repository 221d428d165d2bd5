import { UsageError } from '../model/errors.js'
import type { JsonObject } from '../model/values.js'
import { isObject, mergeValues } from '../rollout/merge.js'
import { readTextFile, whyUnreadable } from './text-file.js'
import { valuesOf, YamlError, yamlDocuments } from './yaml-documents.js'

/** Helm keeps the values with all else of a revision in one object of the cluster, which holds about 1 MiB. */
const MAX_BYTES = 1024 * 1024

/** Reads values files (`-` is stdin) and merges them as helm does, later ones winning. Throws UsageError naming the file and line. */
export async function readValuesFiles(files: string[]): Promise<JsonObject> {
  let values: JsonObject = {}
  for (const file of files) values = mergeValues(values, await readValuesFile(file))
  return values
}

/** Reads one YAML file that holds a map. Keys and values that only look like numbers stay as Helm's YAML reads them. */
export async function readValuesFile(file: string): Promise<JsonObject> {
  const content = parse(await readText(file), file)
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

function parse(text: string, file: string): unknown {
  try {
    const [first, second] = yamlDocuments(text, {
      version: '1.1',
      stringKeys: true,
      customTags: (tags) => [
        ...tags.filter((tag) => typeof tag === 'string' || !isUnknownToHelm(tag)),
        BINARY,
      ],
    })
    if (second) {
      const line = second.lineOf(second.document.range[0])
      throw new YamlError('it holds several documents, of which Helm would take the first only', line)
    }
    return first && valuesOf(first)
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw new UsageError(`${file} can't be read as values: line ${error.line}: ${error.message}.`, {
      state: 'Nothing was changed.',
      nextSteps: [`correct ${file} at line ${error.line}`],
    })
  }
}

/** Dates, `1:30` for 90, sets and ordered maps are YAML 1.1, but to Helm they are the texts, maps and lists they look. */
function isUnknownToHelm({ tag, format }: { tag?: string; format?: string }): boolean {
  return format === 'TIME' || /:(timestamp|binary|set|omap|pairs)$/.test(tag ?? '')
}

const BINARY = {
  tag: 'tag:yaml.org,2002:binary',
  resolve: (text: string) => Buffer.from(text, 'base64').toString('utf8'),
}

async function readText(file: string): Promise<string> {
  try {
    return await readTextFile(file === '-' ? process.stdin : file, MAX_BYTES)
  } catch (error) {
    const { why, isMissing } = whyUnreadable(error)
    throw new UsageError(`The values file ${file} ${why}.`, {
      state: 'Nothing was changed.',
      nextSteps: [
        isMissing ? 'check the path, relative to the folder you are in' : 'give a file with a YAML map',
      ],
      cause: error,
    })
  }
}
