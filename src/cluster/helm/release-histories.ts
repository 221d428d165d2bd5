import type { ReleaseHistory, ReleaseStatus, Revision, RevisionSummary } from '../../model/release.js'
import { ExternalError } from '../../model/errors.js'
import { decode, decodeRecord, label, MAX_RECORD_BYTES, type RecordObject } from './release-record.js'
import type { Decoded } from './record-cache.js'

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
