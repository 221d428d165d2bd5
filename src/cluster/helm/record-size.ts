import { gzipSync } from 'node:zlib'
import type { ReleaseChart } from '../../model/release.js'
import type { JsonObject } from '../../model/values.js'

/** Kubernetes' limit for one Secret or ConfigMap, bytes of data. */
export const MAX_OBJECT_BYTES = 1024 * 1024

/** What Helm writes into the record of one revision. */
export interface RecordContent {
  /** Undefined if unknown: a folder or an archive that Helm reads itself. */
  chart?: ReleaseChart
  values: JsonObject
  manifest: string
}

/** The rest of a record: who, when, the description. */
const REST_BYTES = 1024

/** Bytes of a record before compression. */
export function unzippedBytes(content: RecordContent): number {
  return Buffer.byteLength(jsonOf(content)) + REST_BYTES
}

function jsonOf({ chart, values, manifest }: RecordContent): string {
  return JSON.stringify({ chart, config: values, manifest })
}

/**
 * Bytes of Helm's record of such a revision in its Secret: base64 of the gzipped JSON. Within 1 % of Helm's own. For a
 * small record it is an upper bound, without compressing anything.
 */
export function recordBytes(content: RecordContent): number {
  const bound = base64Bytes(unzippedBytes(content))
  return bound < MAX_OBJECT_BYTES ? bound : base64Bytes(gzipSync(jsonOf(content), { level: 9 }).length)
}

function base64Bytes(bytes: number): number {
  return Math.ceil(bytes / 3) * 4
}
