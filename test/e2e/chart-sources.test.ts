import { cp, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HELM_MAJORS } from '../../scripts/tools.js'
import { type ChartServer, serveChart } from '../support/chart-server.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

const bundled = fileURLToPath(new URL('../../chart', import.meta.url))
const ANNOTATION = 'annotations:\n  canary/contract: v1\n'

describe.each(HELM_MAJORS)('a chart of another name, Helm %i', (major) => {
  let cli: SandboxCli
  let server: ChartServer
  beforeAll(async () => {
    cli = await startSandboxCli(major, QUICK)
    const folder = path.join(cli.home, 'acme-app')
    await cp(bundled, folder, { recursive: true })
    const file = path.join(folder, 'Chart.yaml')
    const chart = (await readFile(file, 'utf8')).replace('name: gloo-app', 'name: acme-app')
    expect(chart).toContain(ANNOTATION)
    await writeFile(file, chart)
    await cp(folder, path.join(cli.home, 'other-app'), { recursive: true })
    await writeFile(path.join(cli.home, 'other-app/Chart.yaml'), chart.replace(ANNOTATION, ''))
    expect(await cli.helm(['package', folder, '-d', cli.home])).toMatchObject({ exitCode: 0 })
    server = await serveChart(major, path.join(cli.home, 'acme-app-0.1.0.tgz'), {
      name: 'acme-app',
      version: '0.1.0',
    })
    Object.assign(cli.env, server.env)
    expect(await cli.helm(['repo', 'add', 'acme', server.repo])).toMatchObject({ exitCode: 0 })
  })
  afterAll(async () => {
    await server.close()
    await cli.close()
  })

  const canary = (...args: string[]) => cli.canary(args)

  test('install and upgrade take it as a folder, a package, from a registry and a repository, and fetch it once', async () => {
    const version = ['--chart-version', '0.1.0']
    const oci = ['--chart', `oci://${server.host}/charts/acme-app`, ...version]
    const repo = ['--chart', 'acme/acme-app', ...version]
    const packed = ['--chart', './acme-app-0.1.0.tgz']
    const install = await canary('install', 'echo', 'v1', '--with-virtual-service', ...oci)
    expect(install).toMatchObject({ exitCode: 0 })
    expect(server.pulls()).toBe(1)
    // Helm's versions differ in what they fetch, not in files.
    for (const chart of major === 4 ? [['--chart', './acme-app'], packed, repo] : [repo]) {
      const planned = await canary('install', 'other', 'v1', ...chart, '--dry-run', '--json')
      expect({ chart, ...planned }).toMatchObject({ chart, exitCode: 0 })
      const upgraded = await canary('upgrade', 'echo', ...chart, '--dry-run', '--json')
      expect({ chart, ...upgraded }).toMatchObject({ chart, exitCode: 0 })
      // The same chart, wherever it comes from.
      expect(JSON.parse(upgraded.stdout)).toMatchObject({ changed: false })
    }
    const other = await canary('upgrade', 'echo', '--chart', 'bundled', '--dry-run', '--json')
    expect(JSON.parse(other.stdout).plan.steps[0].changes.chart).toEqual({
      before: 'acme-app 0.1.0',
      after: 'gloo-app 0.1.0',
    })
  })

  // From then on the chart is the record's, whichever Helm wrote it.
  test.runIf(major === 4)('all later commands move it', async () => {
    expect(JSON.parse((await canary('status', '--json')).stdout).apps).toMatchObject([{ app: 'echo' }])
    expect(await canary('start', 'echo', 'v2', '--deploy-only')).toMatchObject({ exitCode: 0 })
    expect(await canary('abort', 'echo')).toMatchObject({ exitCode: 0 })
  })

  test.runIf(major === 4)('without the annotation it is refused before anything', async () => {
    for (const more of [[], ['--dry-run']]) {
      const { exitCode, stderr } = await canary('install', 'fork', 'v1', '--chart', './other-app', ...more)
      expect(stderr).toContain('has no annotation canary/contract: v1')
      expect(stderr).toContain('Nothing was changed.')
      expect(exitCode).toBe(2)
    }
    expect((await cli.helm(['list', '-A', '-q'])).stdout).toBe('echo')
  })

  test.each([
    ['oci://127.0.0.1:1/charts/acme-app', 'Cannot reach the registry 127.0.0.1:1', 5],
    ['unknown/acme-app', 'Helm has no repository unknown', 5],
    ['acme/none', 'The repository acme does not have this chart or version', 5],
    ['./none', 'No chart found at ./none', 2],
  ])('%s: %s', async (chart, says, code) => {
    const { exitCode, stderr } = await canary('install', 'fork', 'v1', '--chart', chart, '--dry-run')
    expect(stderr).toContain(says)
    expect(stderr).not.toContain('cluster')
    expect(exitCode).toBe(code)
  })
})
