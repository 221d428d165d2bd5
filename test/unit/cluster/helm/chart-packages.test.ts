import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ChartPackages } from '../../../../src/cluster/helm/chart-packages.js'
import { PrivateFolder } from '../../../../src/cluster/private-folder.js'
import { tarOf } from '../../../support/tar.js'

let folder: string
let file: string
let own: PrivateFolder
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-test-'))
  file = path.join(folder, 'shop-1.2.0.tgz')
  own = new PrivateFolder()
})
afterEach(async () => {
  own.close()
  await rm(folder, { recursive: true })
})

const CHART = { name: 'shop/Chart.yaml', content: 'name: shop' }
const packages = (pulled: string[] = []) =>
  new ChartPackages(own, (chart, version) => {
    pulled.push(`${chart} ${version}`)
    return Promise.resolve(file)
  })

test('a package is unpacked once, in the private folder', async () => {
  await writeFile(file, gzipSync(tarOf(CHART, { name: 'shop/templates/a.yaml', content: 'a' })))
  const pulled: string[] = []
  const charts = packages(pulled)
  const found = await charts.folderOf('acme/shop', '1.2.0')
  expect(await charts.folderOf('acme/shop', '1.2.0')).toBe(found)
  expect(pulled).toEqual(['acme/shop 1.2.0'])
  expect(found.startsWith(own.path())).toBe(true)
  expect(await readFile(path.join(found, 'templates/a.yaml'), 'utf8')).toBe('a')
  expect(await charts.folderOf(folder)).toBe(folder)
})

test.each(['../evil', 'shop/../../evil', '/tmp/evil', 'shop\\..\\evil', 'C:evil'])(
  '%s in a package is refused, and nothing is written outside',
  async (name) => {
    await writeFile(file, gzipSync(tarOf(CHART, { name })))
    await expect(packages().folderOf(file)).rejects.toThrow('which leads out of the chart')
    expect(await readdir(folder)).toEqual(['shop-1.2.0.tgz'])
    expect((await readdir(own.path())).every((entry) => entry.startsWith('package-'))).toBe(true)
  },
)

test('what is no chart is refused without asking Helm', async () => {
  await writeFile(file, 'no archive')
  const pulled: string[] = []
  const charts = packages(pulled)
  await expect(charts.folderOf(file)).rejects.toThrow('is not a chart package')
  await expect(charts.folderOf(folder, '1.2.0')).rejects.toThrow('--chart-version 1.2.0')
  for (const chart of ['./none', '/none', '--flag', 'none', 'file:///etc/passwd']) {
    await expect(charts.folderOf(chart)).rejects.toThrow(`No chart found at ${chart}`)
  }
  expect(pulled).toEqual([])
})
