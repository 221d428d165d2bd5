import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { ExternalError } from '../model/errors.js'
import type {
  ChartFile,
  ReleaseChart,
  ReleaseHistory,
  ReleaseStatus,
  Revision,
  RevisionSummary,
} from '../model/release.js'
import type { JsonObject } from '../model/values.js'
import type { ClusterObject } from './cluster.js'
import { checkShape, requireShallow, type Shape } from './shapes.js'

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

/**
 * Histories of the releases these records belong to, by namespace and name. Of a record that can't be read its labels
 * still tell the revision and status (Helm goes on past one, too); but the deployed and the newest must be readable:
 * ExternalError otherwise.
 */
export function historiesOf(objects: RecordObject[]): ReleaseHistory[] {
  const byRelease = new Map<string, RecordObject[]>()
  for (const object of objects) {
    const key = `${object.metadata.namespace}/${label(object, 'name')}`
    byRelease.set(key, [...(byRelease.get(key) ?? []), object])
  }
  return [...byRelease.keys()].sort().map((key) => historyOf(byRelease.get(key) ?? []))
}

function historyOf(objects: RecordObject[]): ReleaseHistory {
  const entries = objects
    .map((object) => {
      const read = readable(object)
      return { object, read, summary: read ? summaryOf(read) : summaryOfLabels(object) }
    })
    .sort((a, b) => a.summary.revision - b.summary.revision)
  const newest = entries.at(-1)
  const inEffect = lastInEffect(entries.map(({ summary }) => summary))
  const deployed = entries.find(({ summary }) => summary === inEffect)
  const first = entries[0]?.object
  return {
    name: first ? label(first, 'name') : '',
    namespace: first?.metadata.namespace ?? '',
    deployed: deployed && (deployed.read ?? decodeRecord(deployed.object)),
    newest: newest && (newest.read ?? decodeRecord(newest.object)),
    revisions: entries.map(({ summary }) => summary),
  }
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

function readable(object: RecordObject): Revision | undefined {
  try {
    return decodeRecord(object)
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
  const { kind = 'Secret', metadata, data } = object
  const { length } = data?.release ?? ''
  const key = versionOf(metadata)
  const known = key && recent.get(key)
  if (known) return known
  try {
    const release = JSON.parse(releaseText(object)) as HelmRelease
    checkShape(release, RELEASE)
    requireShallow([release.config, release.chart.values], 'values')
    const revision = revisionOf(release)
    if (key && length <= LONGEST_RECENT) remember(recent, key, revision)
    return revision
  } catch (error) {
    throw new ExternalError(
      `Helm's record ${metadata.name} in namespace ${metadata.namespace} can't be read: ${(error as Error).message}`,
      {
        nextSteps: [
          `helm history ${label(object, 'name')} -n ${metadata.namespace}    (can helm read it?)`,
          `kubectl get ${kind.toLowerCase()} ${metadata.name} -n ${metadata.namespace} -o yaml`,
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
const recent = new Map<string, Revision>()
/** Characters; decoded they take several times as much. */
const LONGEST_RECENT = 100_000
/** Their charts, by their digest: a history has few, and a chart takes most of a record. */
const charts = new Map<string, ReleaseChart>()
const MOST_RECENT = 100

function remember<T>(known: Map<string, T>, key: string, value: T): void {
  known.set(key, value)
  if (known.size > MOST_RECENT) for (const oldest of known.keys()) return void known.delete(oldest)
}

/** The same chart as that of other records, where they have one that is alike. */
function shared(chart: ReleaseChart): ReleaseChart {
  const key = createHash('sha256').update(JSON.stringify(chart)).digest('base64')
  const known = charts.get(key)
  if (!known) remember(charts, key, chart)
  return known ?? chart
}

/** What no other object, and no other content of this one, has. */
function versionOf({ uid, resourceVersion }: ClusterObject['metadata']): string | undefined {
  return uid && resourceVersion && `${uid}/${resourceVersion}`
}

function revisionOf(release: HelmRelease): Revision {
  const { info, chart } = release
  return {
    name: release.name,
    namespace: release.namespace,
    revision: release.version,
    status: info.status,
    description: info.description ?? '',
    updated: info.last_deployed ? new Date(info.last_deployed).toISOString() : '',
    chart: shared({
      metadata: chart.metadata,
      templates: filesOf(chart.templates),
      files: filesOf(chart.files),
      values: chart.values ?? {},
      schema: chart.schema ?? undefined,
    }),
    config: release.config ?? {},
    manifest: release.manifest ?? '',
    applyMethod: release.apply_method,
  }
}

function filesOf(files: HelmFile[] | null | undefined): ChartFile[] {
  return (files ?? []).map(({ name, data }) => ({ name, data: data ?? '' }))
}
