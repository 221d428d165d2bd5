import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ConflictError, ExternalError } from '../../model/errors.js'
import type { ReleaseChart } from '../../model/release.js'
import type { ChartSource } from '../ports/releases.js'
import type { PrivateFolder } from '../private-folder.js'

/** Charts as paths for helm; a release record's chart is written once, and lasts as long as the folder. */
export class ChartFiles {
  private readonly written = new Map<string, Promise<string>>()

  constructor(private readonly folder: PrivateFolder) {}

  /** The path of a chart: the user's own, or a folder rebuilt from a record. Throws what `writeChart` throws. */
  async pathOf(source: ChartSource): Promise<string> {
    if ('path' in source) return source.path
    const key = createHash('sha256').update(JSON.stringify(source.record)).digest('hex')
    const root = this.written.get(key) ?? this.write(source.record)
    this.written.set(key, root)
    try {
      return await root
    } catch (error) {
      this.written.delete(key)
      throw error
    }
  }

  private async write(chart: ReleaseChart): Promise<string> {
    const root = await mkdtemp(path.join(this.folder.path(), 'chart-'))
    await writeChart(chart, root)
    return root
  }
}

/**
 * Writes a chart from Helm's record into a folder from which Helm renders the same, byte for byte (JSON is YAML).
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
        nextSteps: ['find out who wrote this release: Helm itself never makes such names'],
      },
    )
  }
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, content)
}
