import { mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { filesOfTgz } from '../../lib/tar.js'
import { UsageError } from '../../model/errors.js'
import type { PrivateFolder } from '../private-folder.js'

/** Limit of an unpacked chart; Helm keeps charts in records of 1 MiB, packed. */
const MOST_BYTES = 100 * 1024 * 1024

/** `oci://…`, `https://…/shop-1.2.0.tgz`, `repo/name`. */
const PUBLISHED = /^(?:(?:oci|https?):\/\/\S+|[A-Za-z0-9][\w.-]*(?:\/[\w.-]+)+)$/

/** Whether a text can name a chart of a registry or repository; `charts/echo` can be a folder as well. */
export function isPublishedChart(chart: string): boolean {
  return PUBLISHED.test(chart)
}

/** Charts by the names that users type, each fetched and unpacked once, for the lifetime of the folder. */
export class ChartPackages {
  private readonly found = new Map<string, Promise<string>>()

  /** `pull` fetches a package from a repository or registry, and resolves with its path. */
  constructor(
    private readonly folder: PrivateFolder,
    private readonly pull: (chart: string, version: string | undefined) => Promise<string>,
  ) {}

  /**
   * The folder of a chart given as a folder, a .tgz, `oci://…` or `repo/name`. Throws UsageError for a missing chart,
   * for a version of a local one, and for a package that leads out of its folder; also what `pull` throws.
   */
  folderOf(chart: string, version?: string): Promise<string> {
    const key = JSON.stringify([chart, version])
    const folder = this.found.get(key) ?? this.find(chart, version)
    this.found.set(key, folder)
    return folder
  }

  private async find(chart: string, version?: string): Promise<string> {
    const there = await stat(chart).catch(() => undefined)
    if (there) {
      if (version !== undefined) {
        throw refused(`--chart-version ${version} does not apply to ${chart}, a local chart.`, [
          'remove --chart-version, or name a chart of a repository or registry',
        ])
      }
      return there.isDirectory() ? chart : this.unpack(chart, chart)
    }
    if (!isPublishedChart(chart)) {
      throw refused(`No chart found at ${chart}.`, [
        'give a folder, a .tgz, oci://REGISTRY/CHART or REPO/CHART, or "bundled" for the one that comes with canary',
      ])
    }
    return this.unpack(await this.pull(chart, version), chart)
  }

  private async unpack(file: string, chart: string): Promise<string> {
    const files = await filesOfTgz(await readFile(file), MOST_BYTES).catch((error: Error) => {
      throw refused(`${chart} is not a chart package: ${error.message}.`, [
        'make one with helm package FOLDER',
      ])
    })
    const root = await mkdtemp(path.join(this.folder.path(), 'package-'))
    const top = files.find(({ name }) => /^(?:\.\/)?[^/]+\/Chart\.yaml$/.test(name))?.name
    if (top === undefined) throw refused(`${chart} has no Chart.yaml.`, ['make one with helm package FOLDER'])
    for (const { name, content } of files) {
      const target = path.resolve(root, name)
      if (/\\|^[A-Za-z]:/.test(name) || !target.startsWith(root + path.sep)) {
        throw refused(`${chart} has a file named ${JSON.stringify(name)}, which leads out of the chart.`, [
          'do not use it: helm package never makes such names',
        ])
      }
      await mkdir(path.dirname(target), { recursive: true })
      await writeFile(target, content)
    }
    return path.dirname(path.resolve(root, top))
  }
}

function refused(message: string, nextSteps: string[]): UsageError {
  return new UsageError(message, { state: 'Nothing was changed.', nextSteps })
}
