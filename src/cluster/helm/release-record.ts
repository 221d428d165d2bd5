import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { commented, helmCommand, kubectlCommand } from '../../model/command-line.js'
import { ExternalError } from '../../model/errors.js'
import type {
  ChartFile,
  ReleaseChart,
  ReleaseHistory,
  ReleaseStatus,
  Revision,
  RevisionSummary,
} from '../../model/release.js'
import type { JsonObject } from '../../model/values.js'
import type { ClusterObject } from '../ports/objects.js'
import { checkShape, requireShallow, type Shape } from '../kube/shapes.js'

/** The Secret (or ConfigMap) in which Helm keeps one revision. */
export interface RecordObject extends ClusterObject {
  data?: { release?: string }
}

/** A release as in Helm's record; Go's nil slices and maps are null. */
interface HelmRelease {
  name: string
  namespace: string
  version: number
  info: { status: ReleaseStatus; description?: string; last_deployed?: string }
  chart: {
    metadata: ReleaseChart['metadata']
    templates?: HelmFile[] | null
    files?: HelmFile[] | null
    values?: JsonObject | null
    schema?: string | null
  }
  config?: JsonObject | null
  manifest?: string
  apply_method?: Revision['applyMethod']
}

/**
 * A record is at most 1 MiB compressed, and YAML and JSON shrink to a tenth; one that unpacks to more is not a release.
 */
const MAX_RECORD_BYTES = 32 * 1024 * 1024

/** The fields of a release that are read. */
const FILES: Shape = [{ name: 'string', data: 'string' }]
const RELEASE: Shape = {
  name: 'string!',
  namespace: 'string!',
  version: 'number!',
  info: { status: 'string!', description: 'string', last_deployed: 'string' },
  chart: {
    metadata: { name: 'string!', version: 'string!' },
    templates: FILES,
    files: FILES,
    values: 'map',
    schema: 'string',
  },
  config: 'map',
  manifest: 'string',
  apply_method: 'string',
}

interface HelmFile {
  name: string
  data?: string | null
}

/** Limits for all records of one release, and of all releases together: several times the largest in practice. */
const MAX_RELEASE_BYTES = 2 * MAX_RECORD_BYTES
const MAX_BYTES = 4 * MAX_RECORD_BYTES

/** Which of several releases are wanted, and how to handle an unreadable one. */
interface Reading {
  /** Nothing is kept of the others. */
  isWanted?: (release: Revision) => boolean
  /** Called with a release's error instead of throwing it; the release is skipped. */
  unreadable?: (error: ExternalError) => void
}

/**
 * Histories of the releases these records belong to, by namespace and name. For an unreadable record, or one whose
 * release exceeds 64 MiB, the labels still give revision and status (Helm ignores such records, too); but the deployed
 * and the newest have to be readable, otherwise ExternalError. Also ExternalError if all of them exceed 128 MiB.
 */
export function historiesOf(
  objects: RecordObject[],
  { isWanted = () => true, unreadable }: Reading = {},
): ReleaseHistory[] {
  const byRelease = new Map<string, RecordObject[]>()
  for (const object of objects) {
    const key = `${object.metadata.namespace}/${label(object, 'name')}`
    const records = byRelease.get(key)
    if (records) records.push(object)
    else byRelease.set(key, [object])
  }
  const histories = new Map<string, ReleaseHistory>()
  let bytes = 0
  // Small ones first, so that only the large ones are skipped.
  for (const [key, records] of [...byRelease].sort(([, one], [, other]) => sizeOf(one) - sizeOf(other))) {
    try {
      if (bytes > MAX_BYTES) throw tooLarge(records)
      const { history, kept } = historyOf(records)
      const release = history.deployed ?? history.newest
      if (release && !isWanted(release)) continue
      bytes += kept
      if (bytes > MAX_BYTES) throw tooLarge(records)
      histories.set(key, history)
    } catch (error) {
      if (!unreadable || !(error instanceof ExternalError)) throw error
      unreadable(error)
    }
  }
  return [...histories].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, history]) => history)
}

/** The history of one release, and the bytes of its records. */
function historyOf(objects: RecordObject[]): { history: ReleaseHistory; kept: number } {
  let kept = 0
  const summaries = new Map<RecordObject, RevisionSummary>()
  /** Revisions that are likely to be wanted complete. */
  const wholes = new Map<RecordObject, Revision>()
  // Newest first: they are read, however large the older ones are.
  for (const object of [...objects].sort((one, other) => numberOf(other) - numberOf(one))) {
    const read = kept < MAX_RELEASE_BYTES ? readable(object) : undefined
    kept += read?.bytes ?? 0
    if (read && (wholes.size === 0 || label(object, 'status') === 'deployed'))
      wholes.set(object, read.revision)
    summaries.set(object, read ? summaryOf(read.revision) : summaryOfLabels(object))
  }
  const entries = [...summaries].sort(([, one], [, other]) => one.revision - other.revision)
  const revisions = entries.map(([, summary]) => summary)
  const inEffect = lastInEffect(revisions)
  const deployed = entries.find(([, summary]) => summary === inEffect)?.[0]
  const newest = entries.at(-1)?.[0]
  const whole = (object: RecordObject) => wholes.get(object) ?? decodeRecord(object)
  const first = entries[0]?.[0]
  return {
    kept,
    history: {
      name: first ? label(first, 'name') : '',
      namespace: first?.metadata.namespace ?? '',
      deployed: deployed && whole(deployed),
      newest: newest && whole(newest),
      revisions,
    },
  }
}

function sizeOf(objects: RecordObject[]): number {
  return objects.reduce((sum, { data }) => sum + (data?.release?.length ?? 0), 0)
}

function numberOf(object: RecordObject): number {
  return Number(label(object, 'version')) || 0
}

function tooLarge([object]: RecordObject[]): ExternalError {
  const name = object ? `${label(object, 'name')} in namespace ${object.metadata.namespace}` : 'a release'
  return new ExternalError(
    `Helm's records of ${name} were skipped: all releases together exceed ${MAX_BYTES / 1024 / 1024} MiB.`,
    { nextSteps: ['name the namespace with -n/--namespace to read only its records'] },
  )
}

/**
 * The revision whose values are the stage. At the end of an upgrade, Helm marks the old revision superseded and then
 * the new one deployed: if it was killed in between, or a rollback failed, none is deployed, and the last superseded
 * one is the app's state. Such an app must not look as if it had never been deployed.
 */
export function lastInEffect(revisions: RevisionSummary[]): RevisionSummary | undefined {
  const deployed = revisions.findLast(({ status }) => status === 'deployed')
  const newest = revisions.at(-1)
  if (deployed || !newest || !isUnfinished(newest)) return deployed
  const uninstalled = revisions.findLastIndex(({ status }) => status === 'uninstalled')
  return revisions.slice(uninstalled + 1).findLast(({ status }) => status === 'superseded')
}

/** Whether a helm that changes the release failed, or has not ended. */
export function isUnfinished({ status }: Pick<RevisionSummary, 'status'>): boolean {
  return status === 'failed' || status === 'pending-upgrade' || status === 'pending-rollback'
}

function summaryOf(read: Revision): RevisionSummary {
  const { revision, status, description, updated, chart, config, applyMethod } = read
  const { name, version } = chart.metadata
  return { revision, status, description, updated, chart: { name, version }, config, applyMethod }
}

function readable(object: RecordObject): Decoded | undefined {
  try {
    return decode(object)
  } catch {
    return undefined
  }
}

function summaryOfLabels(object: RecordObject): RevisionSummary {
  return {
    revision: Number(label(object, 'version')),
    status: label(object, 'status') as ReleaseStatus,
    description: 'the record cannot be read',
    updated: object.metadata.creationTimestamp ?? '',
  }
}

function label({ metadata }: ClusterObject, name: string): string {
  return metadata.labels?.[name] ?? ''
}

/**
 * Decodes one revision: `data.release` is base64(gzip(JSON)), in a Secret base64-encoded once more by the API. Throws
 * ExternalError with the record's name if it is not.
 */
export function decodeRecord(object: RecordObject): Revision {
  return decode(object).revision
}

/** A revision, and the bytes of its uncompressed record. */
interface Decoded {
  revision: Revision
  bytes: number
}

function decode(object: RecordObject): Decoded {
  const { kind = 'Secret', metadata } = object
  const key = versionOf(metadata)
  const known = key && recent.get(key)
  if (known) return known
  try {
    const json = releaseText(object)
    const release = JSON.parse(json) as HelmRelease
    checkShape(release, RELEASE)
    requireShallow([release.config, release.chart.values], 'values')
    const decoded = { revision: revisionOf(release, json.length), bytes: json.length }
    if (key && json.length <= LARGEST_RECENT) remember(recent, key, decoded)
    return decoded
  } catch (error) {
    throw new ExternalError(
      `Helm's record ${metadata.name} in namespace ${metadata.namespace} cannot be read: ${(error as Error).message}`,
      {
        nextSteps: [
          commented(
            helmCommand(['history', label(object, 'name')], metadata.namespace),
            'check whether helm can read it',
          ),
          'name the namespace of the release with -n/--namespace, if it is a different one',
          kubectlCommand(['get', kind.toLowerCase(), metadata.name, '-o', 'yaml'], metadata.namespace),
        ],
        cause: error,
      },
    )
  }
}

/** The JSON in a record. Throws if it is not compressed like Helm's, or too large. */
export function releaseText({ kind = 'Secret', data }: RecordObject): string {
  const text = data?.release ?? ''
  const encoded = kind === 'Secret' ? Buffer.from(text, 'base64').toString('latin1') : text
  const zipped = Buffer.from(encoded, 'base64')
  return gunzipSync(zipped, { maxOutputLength: MAX_RECORD_BYTES }).toString('utf8')
}

/** Records decoded last: each step of a rollout reads the whole history several times. */
const recent = new Map<string, Decoded>()
/** Bytes of an uncompressed record: real ones have a tenth of it. */
const LARGEST_RECENT = 1024 * 1024
/** Their charts, by digest: a history has few, and a chart is the largest part of a record. */
const charts = new Map<string, ReleaseChart>()
const MOST_RECENT = 100

function remember<T>(known: Map<string, T>, key: string, value: T): void {
  known.set(key, value)
  if (known.size > MOST_RECENT) for (const oldest of known.keys()) return void known.delete(oldest)
}

/** The chart of an equal record, if there is one; of at most `bytes`. */
function shared(chart: ReleaseChart, bytes: number): ReleaseChart {
  if (bytes > LARGEST_RECENT) return chart
  const key = createHash('sha256').update(JSON.stringify(chart)).digest('base64')
  const known = charts.get(key)
  if (!known) remember(charts, key, chart)
  return known ?? chart
}

/** Identifies this object and this version of its content. */
function versionOf({ uid, resourceVersion }: ClusterObject['metadata']): string | undefined {
  return uid && resourceVersion && `${uid}/${resourceVersion}`
}

function revisionOf(release: HelmRelease, bytes: number): Revision {
  const { info, chart } = release
  return {
    name: release.name,
    namespace: release.namespace,
    revision: release.version,
    status: info.status,
    description: info.description ?? '',
    updated: info.last_deployed ? new Date(info.last_deployed).toISOString() : '',
    chart: shared(
      {
        metadata: chart.metadata,
        templates: filesOf(chart.templates),
        files: filesOf(chart.files),
        values: chart.values ?? {},
        schema: chart.schema ?? undefined,
      },
      bytes,
    ),
    config: release.config ?? {},
    manifest: release.manifest ?? '',
    applyMethod: release.apply_method,
  }
}

function filesOf(files: HelmFile[] | null | undefined): ChartFile[] {
  return (files ?? []).map(({ name, data }) => ({ name, data: data ?? '' }))
}
