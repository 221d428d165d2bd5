import { gzipSync } from 'node:zlib'
import type { ReleaseChart } from '../../model/release.js'
import type { JsonObject } from '../../model/values.js'

/** What Kubernetes takes in one Secret or ConfigMap, bytes of data. */
export const MAX_OBJECT_BYTES = 1024 * 1024

/** What Helm writes into the record of one revision. */
export interface RecordContent {
  /** Undefined where it is not known: a folder or an archive that Helm reads itself. */
  chart?: ReleaseChart
  values: JsonObject
  manifest: string
}

/** All else in a record: who, when, the description. */
const REST_BYTES = 1024

/** Bytes of a record before Helm zips it. */
export function unzippedBytes(content: RecordContent): number {
  return Buffer.byteLength(jsonOf(content)) + REST_BYTES
}

function jsonOf({ chart, values, manifest }: RecordContent): string {
  return JSON.stringify({ chart, config: values, manifest })
}

/**
 * Bytes that Helm's record of such a revision takes in its Secret: base64 of the zipped JSON. Within a hundredth of what
 * Helm makes of it. For a small one it is a bound, and nothing is zipped.
 */
export function recordBytes(content: RecordContent): number {
  const bound = base64Bytes(unzippedBytes(content))
  return bound < MAX_OBJECT_BYTES ? bound : base64Bytes(gzipSync(jsonOf(content), { level: 9 }).length)
}

function base64Bytes(bytes: number): number {
  return Math.ceil(bytes / 3) * 4
}
