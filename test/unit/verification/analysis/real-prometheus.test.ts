import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AnalysisGate } from '../../../../src/model/results/analysis.js'
import type { MetricGate } from '../../../../src/model/verify/verify-settings.js'
import { evaluateMetrics } from '../../../../src/verification/analysis/prometheus.js'
import { startServer } from '../probing/http-server.js'

const isInstalled = spawnSync('prometheus', ['--version']).status === 0

/** A Prometheus with one exporter, whose canary has had 30 errors in 1000 requests. */
describe.skipIf(!isInstalled)('a real Prometheus', () => {
  const closers: (() => Promise<unknown> | void)[] = []
  let url = ''

  beforeAll(async () => {
    const exporter = await startServer((_, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4')
      response.end(
        '# TYPE requests_total counter\n' +
          'requests_total{app="echo",version="v1",code="200"} 1000\n' +
          'requests_total{app="echo",version="v2",code="200"} 970\n' +
          'requests_total{app="echo",version="v2",code="500"} 30\n',
      )
    })
    closers.push(() => exporter.close())
    const folder = mkdtempSync(path.join(tmpdir(), 'canary-prometheus-'))
    closers.push(() => rmSync(folder, { recursive: true, force: true }))
    const target = exporter.origin.slice('http://'.length)
    const config = {
      global: { scrape_interval: '1s' },
      scrape_configs: [{ job_name: 'echo', static_configs: [{ targets: [target] }] }],
    }
    writeFileSync(path.join(folder, 'prometheus.yml'), JSON.stringify(config))
    const address = `127.0.0.1:${await freePort()}`
    const prometheus = spawn(
      'prometheus',
      ['--config.file=prometheus.yml', '--storage.tsdb.path=data', `--web.listen-address=${address}`],
      { cwd: folder, stdio: 'ignore' },
    )
    const exited = once(prometheus, 'exit')
    closers.push(async () => {
      prometheus.kill('SIGKILL')
      await exited
    })
    url = `http://${address}`
    while ((await evaluate({ query: 'sum(up)', min: 1 })).verdict !== 'pass') {
      if (prometheus.exitCode !== null) throw new Error('prometheus did not start')
      await wait(100)
    }
  }, 30_000)

  afterAll(async () => {
    for (const close of closers.reverse()) await close()
  })

  async function evaluate(gate: Omit<MetricGate, 'name'>): Promise<AnalysisGate> {
    const variables = { app: 'echo', namespace: 'echo', primary: 'v1', canary: 'v2', seconds: '30' }
    const gates = [{ name: 'the gate', ...gate }]
    const [judged] = await evaluateMetrics({ url, gates, variables, timeoutMs: 5000 })
    return judged!
  }

  const canary = 'app="{{app}}",version="{{canary}}"'
  const errorRate = `sum(requests_total{${canary},code="500"}) / sum(requests_total{${canary}})`

  test.each<Omit<MetricGate, 'name'> & { verdict: string; reason: string }>([
    { query: errorRate, max: 0.05, verdict: 'pass', reason: '0.03, at most 0.05 is fine' },
    { query: errorRate, max: 0.01, verdict: 'fail', reason: '0.03, at most 0.01 is fine' },
    {
      query: 'scalar(sum(requests_total))',
      min: 2000,
      verdict: 'pass',
      reason: '2000, at least 2000 is fine',
    },
    {
      query: `requests_total{${canary}}`,
      max: 1,
      verdict: 'inconclusive',
      reason: '2 series instead of one',
    },
    { query: 'requests_total{app="{{namespace}}x"}', max: 1, verdict: 'inconclusive', reason: 'no data' },
    { query: 'sum(up) * 0 / 0', max: 1, verdict: 'inconclusive', reason: 'NaN' },
    { query: 'requests_total[{{seconds}}s]', max: 1, verdict: 'inconclusive', reason: 'a matrix' },
    {
      query: 'requests_total * on(app) requests_total',
      max: 1,
      verdict: 'inconclusive',
      reason: 'Prometheus returned an error: found duplicate series',
    },
  ])('$query: $verdict', async ({ verdict, reason, ...gate }) => {
    expect(await evaluate(gate)).toEqual({
      name: 'the gate',
      verdict,
      reason: expect.stringContaining(reason) as string,
    })
  })

  test('refuses what it can not parse', async () => {
    await expect(evaluate({ query: `sum(${errorRate}`, max: 1 })).rejects.toThrow('parse error')
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
