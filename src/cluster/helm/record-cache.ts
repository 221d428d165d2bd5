import { createHash } from 'node:crypto'
import type { ReleaseChart, Revision } from '../../model/release.js'
import type { ClusterObject } from '../ports/objects.js'

/** A revision, and the bytes of its uncompressed record. */
export interface Decoded {
  revision: Revision
  bytes: number
}

/** Records decoded last: each step of a rollout reads the whole history several times. */
const records = new Map<string, Decoded>()
/** Their charts, by digest: a history has few, and a chart is the largest part of a record. */
const charts = new Map<string, ReleaseChart>()
const MOST_KEPT = 100
/** Bytes of an uncompressed record: real ones have a tenth of it. */
const LARGEST_KEPT = 1024 * 1024

/** The record of this object, if it was decoded lately and has not changed since. */
export function keptRecord(metadata: ClusterObject['metadata']): Decoded | undefined {
  const key = contentOf(metadata)
  return key === undefined ? undefined : records.get(key)
}

export function keepRecord(metadata: ClusterObject['metadata'], decoded: Decoded): void {
  const key = contentOf(metadata)
  if (key !== undefined && decoded.bytes <= LARGEST_KEPT) keep(records, key, decoded)
}

/** The chart of another record if it is the same, so that both share its memory. `bytes` is the record's size. */
export function sharedChart(chart: ReleaseChart, bytes: number): ReleaseChart {
  if (bytes > LARGEST_KEPT) return chart
  const key = createHash('sha256').update(JSON.stringify(chart)).digest('base64')
  const kept = charts.get(key)
  if (!kept) keep(charts, key, chart)
  return kept ?? chart
}

function keep<T>(kept: Map<string, T>, key: string, value: T): void {
  kept.set(key, value)
  if (kept.size > MOST_KEPT) for (const oldest of kept.keys()) return void kept.delete(oldest)
}

/** Identifies this object and this version of its content. */
function contentOf({ uid, resourceVersion }: ClusterObject['metadata']): string | undefined {
  return uid && resourceVersion ? `${uid}/${resourceVersion}` : undefined
}
