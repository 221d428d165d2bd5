import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ConflictError, ExternalError } from '../model/errors.js'
import type { ReleaseChart } from '../model/release.js'
import type { ChartSource } from './cluster.js'
import type { PrivateFolder } from './private-folder.js'

/**
 * Calls `use` with a path that helm can apply: the user's own, or a folder rebuilt from a release's record, there only
 * as long as the call takes.
 */
export async function withChart<T>(
  source: ChartSource,
  folder: PrivateFolder,
  use: (chartPath: string) => Promise<T>,
): Promise<T> {
  if ('path' in source) return use(source.path)
  const root = await mkdtemp(path.join(folder.path(), 'chart-'))
  try {
    await writeChart(source.record, root)
    return await use(root)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

/**
 * Writes a chart as Helm's record keeps it into a folder, from which Helm renders the same byte for byte (JSON is YAML).
 * Throws ConflictError for a chart with subcharts, which the record leaves out, and ExternalError for a file name that
 * leads out of the folder.
 */
export async function writeChart(chart: ReleaseChart, root: string): Promise<void> {
  const { metadata, templates, files, values, schema } = chart
  if (Array.isArray(metadata.dependencies) && metadata.dependencies.length > 0) {
    throw new ConflictError(
      `Chart ${metadata.name} has dependencies, which Helm does not keep in the release's record.`,
      {
        state: 'Nothing was changed: without them the chart of the release cannot be applied again.',
        nextSteps: ['use a chart without subcharts, such as the one that comes with canary'],
      },
    )
  }
  for (const { name, data } of [...files, ...templates]) {
    await write(root, name, Buffer.from(data, 'base64'))
  }
  if (schema !== undefined) await write(root, 'values.schema.json', Buffer.from(schema, 'base64'))
  await write(root, 'values.yaml', JSON.stringify(values))
  await write(root, 'Chart.yaml', JSON.stringify(metadata))
}

async function write(root: string, name: string, content: Buffer | string): Promise<void> {
  const file = path.resolve(root, name)
  if (name.includes('\\') || !file.startsWith(root + path.sep)) {
    throw new ExternalError(
      `The release's record has a chart file named "${name}", which leads out of the chart.`,
      {
        nextSteps: ['look at who wrote this release: Helm itself makes no such names'],
      },
    )
  }
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, content)
}
