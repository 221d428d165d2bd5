import { parseAllDocuments } from 'yaml'
import type { JsonObject } from '../model/values.js'

/** The objects of a rendered manifest (a YAML stream), empty documents left out. */
export function parseManifest(manifest: string): JsonObject[] {
  return parseAllDocuments(manifest)
    .map((document) => document.toJS() as unknown)
    .filter((object): object is JsonObject => typeof object === 'object' && object !== null)
}
