import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, describe, expect, test } from 'vitest'
import { HELM_MAJORS, pathWithTools, type HelmMajor } from '../../../scripts/tools.js'
import { Helm } from '../../../src/cluster/helm/helm.js'
import { PrivateFolder } from '../../../src/cluster/private-folder.js'
import { decodeRecord } from '../../../src/cluster/helm/release-record.js'
import type { ReleaseChart } from '../../../src/model/release.js'
import { record } from '../../support/helm-record.js'

const chart = fileURLToPath(new URL('../../../chart', import.meta.url))
const folder = new PrivateFolder()
const { PATH } = process.env
afterAll(() => {
  folder.close()
  process.env.PATH = PATH
})

const values = {
  deployment: { v1: {}, '1e3': { image: 'registry.example/echo', args: ['-text={{ .Version }}'] } },
  routes: {
    apiGroup: 'example',
    primary: { version: 'v1' },
    canary: { version: '1e3', weight: 25, headers: { stage: 'true' } },
  },
}

/** The chart as Helm's record would have it: a dry run of Helm 4 prints the release without needing a cluster. */
async function recordedChart(): Promise<ReleaseChart> {
  const { stdout } = await execa(
    'helm',
    ['install', 'echo', chart, '-n', 'echo', '--dry-run=client', '-o', 'json', '--values', '-'],
    { input: JSON.stringify(values), env: { PATH: await pathWithTools(4) } },
  )
  const release = JSON.parse(stdout) as Record<string, unknown>
  return decodeRecord(record('Secret', release)).chart
}

describe('a chart out of the record of a release', () => {
  test.each<HelmMajor>(HELM_MAJORS)(
    'renders with Helm %i byte for byte what the original does',
    async (major) => {
      process.env.PATH = await pathWithTools(major)
      const helm = new Helm(() => Promise.resolve({}), folder)
      const request = { app: 'echo', namespace: 'echo', values }

      const original = await helm.render({ ...request, chart: { path: chart } })
      const rebuilt = await helm.render({ ...request, chart: { record: await recordedChart() } })

      expect(original).toContain('kind: RouteTable')
      expect(rebuilt).toBe(original)
    },
  )
})
