import type { Releases } from '../../cluster/ports/releases.js'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'
import { KUBERNETES_YAML } from '../../lib/yaml/helm-yaml.js'
import { UsageError } from '../../model/errors.js'
import { CHART_NAME, CONTRACT, keepsContract, type ReleaseChart } from '../../model/release.js'
import type { Json } from '../../model/values.js'
import { isObject } from '../../rollout/values/merge.js'
import { bundledChart } from './bundled-chart.js'

/** Versions in a Chart.yaml are text even if they look like numbers. */
const AS_TEXT = { schema: 'failsafe' } as const

type ParseOptions = typeof AS_TEXT | typeof KUBERNETES_YAML

/** A folder with a chart that canary can apply. */
export interface ChartFolder {
  path: string
  /** `gloo-app 0.1.0`. */
  name: string
}

/** Read once: the bundled chart does not change while canary runs. */
let bundled: Promise<ChartFolder> | undefined

/**
 * The chart that the user named: `bundled`, a folder, a .tgz, `oci://…` or `repo/name`. Throws UsageError if it is
 * missing or unusable for later steps, ExternalError if Helm cannot fetch it.
 */
export async function chosenChart(
  { cluster }: { cluster: Releases },
  chart = 'bundled',
  version?: string,
): Promise<ChartFolder> {
  if (chart !== 'bundled') return readChartFolder(await cluster.chartFolder(chart, version), chart)
  if (version !== undefined) {
    throw refused(
      `--chart-version ${version}: the bundled chart has only the version that comes with canary.`,
      ['leave --chart-version out'],
    )
  }
  bundled ??= readChartFolder(bundledChart())
  return bundled
}

/**
 * Reads a chart's name and version; `called` is the user's name for it. Throws UsageError for a folder without a chart
 * and for a chart that later steps could not apply: one without the contract annotation, or with subcharts, which
 * Helm's record of a release omits.
 */
export async function readChartFolder(folder: string, called = folder): Promise<ChartFolder> {
  const file = path.join(folder, 'Chart.yaml')
  let metadata: unknown
  try {
    metadata = parse(await readFile(file, 'utf8'), AS_TEXT)
  } catch (error) {
    throw refused(`There is no chart at ${called}: ${(error as Error).message}`, [
      'give the folder of an unpacked chart, or "bundled" for the one that comes with canary',
    ])
  }
  const chart = isObject(metadata) ? metadata : {}
  const { name, version, dependencies } = chart
  const versionText = typeof version === 'string' ? version : ''
  if (!keepsContract(chart)) {
    throw refused(
      `Chart ${called}, named ${JSON.stringify(name)}, has no annotation ${CONTRACT.annotation}: ${CONTRACT.version}, so later commands would refuse its releases.`,
      [
        `if it takes the values of ${CHART_NAME} and makes the same objects, add to its Chart.yaml: annotations: {${CONTRACT.annotation}: ${CONTRACT.version}}`,
        'leave --chart out for the chart that comes with canary',
      ],
    )
  }
  const subcharts = (await readdir(path.join(folder, 'charts')).catch(() => [])).filter(
    (entry) => !/^[._]|^README/.test(entry),
  )
  if (subcharts.length > 0 || (Array.isArray(dependencies) && dependencies.length > 0)) {
    throw refused(`Chart ${called} has dependencies, which Helm does not keep in a release's record.`, [
      'use a chart without subcharts: each later step applies the chart out of the record',
    ])
  }
  return { path: folder, name: `${textOf(name)} ${versionText}` }
}

/** Whether the folder holds the chart in a release's record: compares the files that make its objects. */
export async function isChartOfRecord(folder: string, record: ReleaseChart): Promise<boolean> {
  const { metadata, templates, files, values, schema } = record
  const read = async (name: string) =>
    (await readFile(path.join(folder, name)).catch(() => undefined))?.toString('base64')
  const there = await readdir(path.join(folder, 'templates'), { recursive: true, withFileTypes: true }).catch(
    () => [],
  )
  if (there.filter((entry) => entry.isFile()).length !== templates.length) return false
  for (const { name, data } of [...templates, ...files]) if ((await read(name)) !== data) return false
  const [chart, defaults] = await Promise.all([
    parsed(folder, 'Chart.yaml', AS_TEXT),
    parsed(folder, 'values.yaml', KUBERNETES_YAML),
  ])
  return (
    (await read('values.schema.json')) === schema &&
    isDeepStrictEqual(defaults ?? {}, values) &&
    Object.entries(isObject(chart) ? chart : {}).every(
      ([key, value]) => typeof value !== 'string' || value === textOf(metadata[key]),
    )
  )
}

function textOf(value: Json | undefined): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

async function parsed(folder: string, name: string, options: ParseOptions): Promise<unknown> {
  try {
    return parse(await readFile(path.join(folder, name), 'utf8'), options)
  } catch {
    return undefined
  }
}

function refused(message: string, nextSteps: string[]): UsageError {
  return new UsageError(message, { state: 'Nothing was changed.', nextSteps })
}
