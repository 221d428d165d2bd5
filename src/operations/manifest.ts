import { ExternalError } from '../model/errors.js'
import type { JsonObject } from '../model/values.js'
import { isObject } from '../rollout/merge.js'
import { valuesOf, YamlError, yamlDocuments } from './yaml-documents.js'

/**
 * The objects of a rendered manifest (a YAML stream), empty documents left out. Throws ExternalError where it is none:
 * Helm made it, or wrote it into its record.
 */
export function parseManifest(manifest: string): JsonObject[] {
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
