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

/** A release as Helm writes it into its record; Go's nil slices and maps come as null. */
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

/** A record is at most 1 MiB when zipped, and YAML and JSON shrink to a tenth; one that grows further is no release. */
const MAX_RECORD_BYTES = 32 * 1024 * 1024

/** What is read of a release. */
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

/** What is read of all records of one release, and of all releases together: several times the largest there are. */
const MAX_RELEASE_BYTES = 2 * MAX_RECORD_BYTES
const MAX_BYTES = 4 * MAX_RECORD_BYTES

/** Which of several releases are wanted, and what is done about one that can't be read. */
interface Reading {
  /** Of the others nothing is kept. */
  isWanted?: (release: Revision) => boolean
  /** Called with a release's error instead of throwing it; the release is left out. */
  unreadable?: (error: ExternalError) => void
}

/**
 * Histories of the releases these records belong to, by namespace and name. Of a record that can't be read, or whose
 * release is larger than 64 MiB, its labels still tell the revision and status (Helm goes on past one, too); but the
 * deployed and the newest must be readable: ExternalError otherwise, and where all of them are larger than 128 MiB.
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
  // The small ones first: what is left out then is what takes the room.
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

/** The history of one release, and the bytes of the records that it is made from. */
function historyOf(objects: RecordObject[]): { history: ReleaseHistory; kept: number } {
  let kept = 0
  const summaries = new Map<RecordObject, RevisionSummary>()
  /** Those that are likely to be wanted whole. */
  const wholes = new Map<RecordObject, Revision>()
  // The newest first: whatever the older ones hold, these are read.
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
    `Helm's records of ${name} are not read: with those of other releases they take more than ${MAX_BYTES / 1024 / 1024} MiB.`,
    { nextSteps: ['name the namespace with -n/--namespace: then only the records in it are read'] },
  )
}

/**
 * The revision whose values are the stage. Helm ends an upgrade by marking the old revision superseded and then the new
 * one deployed: where it was killed in between, or a rollback failed, none is deployed, and the one superseded last is
 * what the app came from. It must not be taken for an app that was never there.
 */
export function lastInEffect(revisions: RevisionSummary[]): RevisionSummary | undefined {
  const deployed = revisions.findLast(({ status }) => status === 'deployed')
  const newest = revisions.at(-1)
  if (deployed || !newest || !isUnfinished(newest)) return deployed
  const uninstalled = revisions.findLastIndex(({ status }) => status === 'uninstalled')
  return revisions.slice(uninstalled + 1).findLast(({ status }) => status === 'superseded')
}

/** Whether a helm that changes a release failed, or has not ended. */
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
 * Decodes one revision: `data.release` is base64(gzip(JSON)), in a Secret in the API's base64 once more.
 * Throws ExternalError naming the record when it is not that.
 */
export function decodeRecord(object: RecordObject): Revision {
  return decode(object).revision
}

/** A revision, and how large its record is, unzipped. */
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
      `Helm's record ${metadata.name} in namespace ${metadata.namespace} can't be read: ${(error as Error).message}`,
      {
        nextSteps: [
          commented(helmCommand(['history', label(object, 'name')], metadata.namespace), 'can helm read it?'),
          'name the namespace of the release with -n/--namespace, if it is in another one',
          kubectlCommand(['get', kind.toLowerCase(), metadata.name, '-o', 'yaml'], metadata.namespace),
        ],
        cause: error,
      },
    )
  }
}

/** The JSON that a record holds. Throws where it is not zipped as Helm does, or too large. */
export function releaseText({ kind = 'Secret', data }: RecordObject): string {
  const text = data?.release ?? ''
  const encoded = kind === 'Secret' ? Buffer.from(text, 'base64').toString('latin1') : text
  const zipped = Buffer.from(encoded, 'base64')
  return gunzipSync(zipped, { maxOutputLength: MAX_RECORD_BYTES }).toString('utf8')
}

/** Records that were decoded last: each step of a rollout reads the whole history several times. */
const recent = new Map<string, Decoded>()
/** Bytes of an unzipped record: real ones have a tenth of it. */
const LARGEST_RECENT = 1024 * 1024
/** Their charts, by their digest: a history has few, and a chart takes most of a record. */
const charts = new Map<string, ReleaseChart>()
const MOST_RECENT = 100

function remember<T>(known: Map<string, T>, key: string, value: T): void {
  known.set(key, value)
  if (known.size > MOST_RECENT) for (const oldest of known.keys()) return void known.delete(oldest)
}

/** The same chart as that of other records, where they have one that is alike; of `bytes` at most. */
function shared(chart: ReleaseChart, bytes: number): ReleaseChart {
  if (bytes > LARGEST_RECENT) return chart
  const key = createHash('sha256').update(JSON.stringify(chart)).digest('base64')
  const known = charts.get(key)
  if (!known) remember(charts, key, chart)
  return known ?? chart
}

/** What no other object, and no other content of this one, has. */
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
