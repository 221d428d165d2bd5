import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeChart } from '../../../../src/cluster/helm/chart-files.js'
import type { ReleaseChart } from '../../../../src/model/release.js'

let root: string
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'canary-chart-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const base64 = (text: string) => Buffer.from(text).toString('base64')

const chart: ReleaseChart = {
  metadata: { apiVersion: 'v2', name: 'gloo-app', version: '0.1.0' },
  templates: [{ name: 'templates/deep/a.yaml', data: base64('a: {{ .Values.x }}\n') }],
  files: [{ name: 'README.md', data: base64('# ü\n') }],
  values: { x: '1e3' },
  schema: base64('{"type":"object"}'),
}

test('every part of the chart at its place, bytes as they were', async () => {
  await writeChart(chart, root)

  const read = (name: string) => readFile(path.join(root, name), 'utf8')
  expect((await readdir(root)).sort()).toEqual([
    'Chart.yaml',
    'README.md',
    'templates',
    'values.schema.json',
    'values.yaml',
  ])
  expect(await read('templates/deep/a.yaml')).toBe('a: {{ .Values.x }}\n')
  expect(await read('README.md')).toBe('# ü\n')
  expect(await read('values.schema.json')).toBe('{"type":"object"}')
  expect(JSON.parse(await read('values.yaml'))).toEqual({ x: '1e3' })
  expect(JSON.parse(await read('Chart.yaml'))).toEqual(chart.metadata)
})

for (const name of ['../evil', 'templates/../../evil', '/etc/evil', '..\\evil', '.', '']) {
  test(`file name "${name}" is refused`, async () => {
    const evil = { ...chart, files: [{ name, data: '' }] }

    await expect(writeChart(evil, root)).rejects.toThrow(`chart file named "${name}"`)
  })
}

test('a chart with subcharts is refused: the record does not have them', async () => {
  const metadata = { ...chart.metadata, dependencies: [{ name: 'redis', version: '1' }] }

  await expect(writeChart({ ...chart, metadata }, root)).rejects.toMatchObject({
    outcome: 'conflict',
    message: expect.stringContaining('gloo-app has dependencies'),
  })
})
