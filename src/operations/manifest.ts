import { ExternalError } from '../model/errors.js'
import type { JsonObject } from '../model/values.js'
import { isObject } from '../rollout/merge.js'
import { valuesOf, YamlError, yamlDocuments } from './yaml-documents.js'

/** A command looks at the same few manifests again and again: what is deployed, and what a step makes of it. */
const MOST_KEPT = 8
const kept = new Map<string, JsonObject[]>()

/**
 * The objects of a rendered manifest (a YAML stream), empty documents left out; not to be changed, as the same text gives the
 * same objects. Throws ExternalError where it is none: Helm made it, or wrote it into its record.
 */
export function parseManifest(manifest: string): JsonObject[] {
  const objects = kept.get(manifest) ?? read(manifest)
  kept.delete(manifest)
  kept.set(manifest, objects)
  const [oldest] = kept.keys()
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest)
  return objects
}

function read(manifest: string): JsonObject[] {
  try {
    return yamlDocuments(manifest).map(valuesOf).filter(isObject)
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw new ExternalError(`The manifest of the release is no YAML: line ${error.line}: ${error.message}.`, {
      nextSteps: ['helm get manifest APP -n NAMESPACE    (what Helm has in its record)'],
      cause: error,
    })
  }
}
