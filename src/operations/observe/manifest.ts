import { commented, helmCommand } from '../../model/command-line.js'
import { ExternalError } from '../../model/errors.js'
import { shown } from '../../model/object-form.js'
import type { JsonObject } from '../../model/values.js'
import { isObject } from '../../rollout/values/merge.js'
import { KUBERNETES_YAML } from '../../lib/yaml/helm-yaml.js'
import { valuesOf, YamlError, yamlDocuments } from '../../lib/yaml/documents.js'

/** A command parses the same few manifests repeatedly: the deployed one and each step's. */
const MOST_KEPT = 8
const kept = new Map<string, JsonObject[]>()

/**
 * The objects of a rendered manifest (a YAML stream) without empty documents. Do not mutate them: they are cached by
 * text. Throws ExternalError if it is invalid, since it comes from Helm.
 */
export function parseManifest(manifest: string): JsonObject[] {
  const objects = kept.get(manifest) ?? read(manifest)
  kept.delete(manifest)
  kept.set(manifest, objects)
  const [oldest] = kept.keys()
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest)
  return objects
}

/** Limit per release: each object costs one request to the cluster. */
const MOST_OBJECTS = 1000
/** Lines where Helm starts a new document but YAML does not, or that have content after `---`. */
const ODD_SEPARATOR = /^---(?![ \t]*(#.*)?\r?$)/m

function read(manifest: string): JsonObject[] {
  const count = manifest.match(/^---/gm)?.length ?? 0
  if (count > MOST_OBJECTS + 1) {
    throw unreadable(`it has ${count} objects, and canary takes ${MOST_OBJECTS} at most`)
  }
  const odd = ODD_SEPARATOR.exec(manifest)
  if (odd) {
    const line = manifest.slice(0, odd.index).split('\n').length
    throw unreadable(`line ${line}: a document begins with more than ---`)
  }
  try {
    const values = yamlDocuments(manifest, KUBERNETES_YAML).map(valuesOf)
    const other = values.find((value) => value !== null && !isObject(value))
    if (other !== undefined) throw unreadable(`${shown(other)} is no object`)
    return values.filter(isObject)
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw unreadable(`invalid YAML: line ${error.line}: ${error.message}`, error)
  }
}

function unreadable(why: string, cause?: unknown): ExternalError {
  return new ExternalError(`The manifest of the release cannot be read: ${why}.`, {
    nextSteps: [
      commented(helmCommand(['get', 'manifest', 'APP'], 'NAMESPACE'), `the objects in Helm's record`),
    ],
    cause,
  })
}
