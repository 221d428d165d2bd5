import { isPair, isScalar, type Scalar, visit } from 'yaml'
import { plainScalar } from '../../lib/yaml/helm-scalars.js'
import { UsageError } from '../../model/errors.js'
import type { JsonObject } from '../../model/values.js'
import { isObject, mergeValues } from '../../rollout/values/merge.js'
import { isTextPlace } from '../../rollout/values/text-places.js'
import { readTextFile, whyUnreadable } from '../../lib/text-file.js'
import { VALUES_YAML } from '../../lib/yaml/helm-yaml.js'
import { valuesOf, type YamlDocument, YamlError, yamlDocuments } from '../../lib/yaml/documents.js'

/** Helm stores a revision, values included, in one Secret of at most about 1 MiB. */
const MAX_BYTES = 1024 * 1024

/** Reads values files (`-` is stdin) and merges them like helm: later files win. Throws UsageError naming file and line. */
export async function readValuesFiles(files: string[]): Promise<JsonObject> {
  let values: JsonObject = {}
  for (const file of files) values = mergeValues(values, await readValuesFile(file))
  return values
}

/** Reads one YAML file that holds a map, with scalars as Helm's YAML reads them. */
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
    const [first, second] = yamlDocuments(text, VALUES_YAML)
    if (second) {
      const line = second.lineOf(second.document.range[0])
      throw new YamlError('it holds several documents; Helm would read only the first', line)
    }
    if (first) checkScalars(first)
    return first && valuesOf(first)
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw new UsageError(`${file} cannot be read as values: line ${error.line}: ${error.message}.`, {
      state: 'Nothing was changed.',
      nextSteps: [`correct ${file} at line ${error.line}`],
    })
  }
}

/**
 * Throws YamlError for a key that Helm would misread (`1.10` as `1.1`, `on` as `true`), and for a version or image tag
 * that is not text.
 */
function checkScalars({ document, lineOf }: YamlDocument): void {
  const wrong = ({ range, source = '' }: Scalar, what: string) => {
    const offset = range?.[0] ?? 0
    return new YamlError(
      `${what} is ${String(plainScalar(source))} to Helm: write "${source}"`,
      lineOf(offset),
      offset,
    )
  }
  visit(document, {
    Pair: (_key, pair, ancestors) => {
      const { key, value } = pair
      if (!isScalar(key)) return
      if (isMisread(key)) throw wrong(key, `the key ${key.source ?? ''}`)
      const keys = [...ancestors.filter(isPair), pair].map((each) =>
        String(isScalar(each.key) ? each.key.value : ''),
      )
      if (!isScalar(value) || !isTextPlace(keys)) return
      if (typeof value.value === 'number' || typeof value.value === 'boolean') {
        throw wrong(value, `${keys.join('.')} is text, but ${value.source ?? ''}`)
      }
    },
  })
}

/** Whether Helm reads the key as another text. Whole numbers in their usual notation are safe. */
function isMisread({ type, source = '' }: Scalar): boolean {
  if (type !== 'PLAIN') return false
  const meant = plainScalar(source)
  return typeof meant !== 'string' && !(Number.isSafeInteger(meant) && String(meant) === source)
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
