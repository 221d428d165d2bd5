import { gunzipSync } from 'node:zlib'
import { commented, helmCommand, kubectlCommand } from '../../model/command-line.js'
import { ExternalError } from '../../model/errors.js'
import type { ChartFile, ReleaseChart, ReleaseStatus, Revision } from '../../model/release.js'
import type { JsonObject } from '../../model/values.js'
import type { ClusterObject } from '../ports/objects.js'
import { checkShape, requireShallow, type Shape } from '../kube/shapes.js'
import { type Decoded, keepRecord, keptRecord, sharedChart } from './record-cache.js'

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
export const MAX_RECORD_BYTES = 32 * 1024 * 1024

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

export function label({ metadata }: ClusterObject, name: string): string {
  return metadata.labels?.[name] ?? ''
}

/**
 * Decodes one revision: `data.release` is base64(gzip(JSON)), in a Secret base64-encoded once more by the API. Throws
 * ExternalError with the record's name if it is not.
 */
export function decodeRecord(object: RecordObject): Revision {
  return decode(object).revision
}

export function decode(object: RecordObject): Decoded {
  const { kind = 'Secret', metadata } = object
  const kept = keptRecord(metadata)
  if (kept) return kept
  try {
    const json = releaseText(object)
    const release = JSON.parse(json) as HelmRelease
    checkShape(release, RELEASE)
    requireShallow([release.config, release.chart.values], 'values')
    const decoded = { revision: revisionOf(release, json.length), bytes: json.length }
    keepRecord(metadata, decoded)
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

function revisionOf(release: HelmRelease, bytes: number): Revision {
  const { info, chart } = release
  return {
    name: release.name,
    namespace: release.namespace,
    revision: release.version,
    status: info.status,
    description: info.description ?? '',
    updated: info.last_deployed ? new Date(info.last_deployed).toISOString() : '',
    chart: sharedChart(
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
