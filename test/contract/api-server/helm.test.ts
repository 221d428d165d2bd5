import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HELM_MAJORS } from '../../../scripts/tools.js'
import { recordBytes } from '../../../src/cluster/helm/record-size.js'
import { decodeRecord, type RecordObject } from '../../../src/cluster/helm/release-record.js'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import { completeDeployments, startCluster, writeChart, type TestCluster } from './cluster.js'

const CHANGES = ['--set', 'port=81,prefix=/other,second=true,env.A=null,env.C=3']

describe.each(HELM_MAJORS)('Helm %i', (major) => {
  let cluster: TestCluster
  let chart: string

  beforeAll(async () => {
    cluster = await startCluster(major)
    completeDeployments(cluster.store)
    chart = await writeChart(cluster.folder)
  })
  afterAll(() => cluster.close())

  const helm = (...args: string[]) => cluster.ok('helm', args)
  const live = (kind: keyof typeof RESOURCES, name: string) =>
    cluster.store.get(RESOURCES[kind], 'tiny', name)
  const env = () => live('deployments', 'one')?.spec.template.spec.containers[0].env as unknown

  it('rehearses an install against the server, and writes nothing', async () => {
    const output = await helm('install', 'tiny', chart, '-n', 'default', '--dry-run=server')
    expect(output).toContain('namespaces: "2"')
    expect(cluster.store.list(RESOURCES.secrets)).toEqual([])
  })

  it('installs, makes the namespace and waits', async () => {
    await helm('install', 'tiny', chart, '-n', 'tiny', '--create-namespace', '--wait', '--timeout', '120s')
    expect(live('deployments', 'one')?.spec.replicas).toBe(1)
    expect(live('services', 'tiny')?.spec.ports).toEqual([{ port: 80, protocol: 'TCP', targetPort: 8080 }])
    expect(live('configmaps', 'tiny')?.data).toEqual({ namespaces: '2' })
    const record = live('secrets', 'sh.helm.release.v1.tiny.v1')
    expect(record).toMatchObject({ type: 'helm.sh/release.v1', metadata: { labels: { status: 'deployed' } } })
  })

  it('upgrades: what left the chart leaves the objects, what changed changes', async () => {
    await helm('upgrade', 'tiny', chart, '-n', 'tiny', '--wait', '--timeout', '120s', ...CHANGES)
    expect(env()).toEqual([
      { name: 'B', value: '2' },
      { name: 'C', value: '3' },
    ])
    expect(live('services', 'tiny')?.spec.ports).toEqual([{ port: 81, protocol: 'TCP', targetPort: 8080 }])
    expect(live('routetables', 'tiny')?.spec.routes[0].matchers).toEqual([{ prefix: '/other' }])
    expect(live('deployments', 'two')).toBeDefined()
  })

  it('leaves objects alone that an upgrade does not change', async () => {
    const before = cluster.store.get(RESOURCES.deployments, 'tiny', 'one')?.metadata.resourceVersion
    await helm('upgrade', 'tiny', chart, '-n', 'tiny', ...CHANGES)
    expect(live('deployments', 'one')?.metadata.resourceVersion).toBe(before)
  })

  it('tells values, history, releases and status', async () => {
    expect(JSON.parse(await helm('get', 'values', 'tiny', '-n', 'tiny', '-o', 'json'))).toMatchObject({
      port: 81,
      second: true,
    })
    const history = JSON.parse(await helm('history', 'tiny', '-n', 'tiny', '-o', 'json')) as any[]
    expect(history.map(({ status }) => status as string)).toEqual(['superseded', 'superseded', 'deployed'])
    expect(JSON.parse(await helm('list', '-A', '-o', 'json'))).toMatchObject([
      { name: 'tiny', revision: '3', status: 'deployed' },
    ])
    expect(JSON.parse(await helm('status', 'tiny', '-n', 'tiny', '-o', 'json'))).toMatchObject({
      info: { status: 'deployed' },
    })
  })

  it('rolls back, and removes what the later revision added', async () => {
    await helm('rollback', 'tiny', '1', '-n', 'tiny', '--wait', '--timeout', '120s')
    expect(env()).toEqual([
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ])
    expect(live('deployments', 'two')).toBeUndefined()
  })

  it('refuses a value of the wrong kind and keeps the objects as they were', async () => {
    const upgrade = ['upgrade', 'tiny', chart, '-n', 'tiny', '--set', 'port=70000']
    const { code, stderr } = await cluster.run('helm', upgrade)
    expect(code).toBe(1)
    expect(stderr).toContain('must be between 1 and 65535, inclusive')
    expect(live('services', 'tiny')?.spec.ports[0].port).toBe(80)
  })

  it('keeps no record over 1 MiB, and how large one gets is known before', async () => {
    await writeFile(path.join(chart, 'blob.bin'), randomBytes(700 * 1024))
    await helm('upgrade', 'tiny', chart, '-n', 'tiny')
    const newest = cluster.store
      .list(RESOURCES.secrets, 'tiny')
      .find(({ metadata }) => metadata.labels?.status === 'deployed')!
    const { chart: recorded, config, manifest } = decodeRecord(newest as RecordObject)
    const real = Buffer.from(newest.data.release as string, 'base64').length
    const known = recordBytes({ chart: recorded, values: config, manifest })
    expect(Math.abs(known / real - 1)).toBeLessThan(0.01)

    await writeFile(path.join(chart, 'blob.bin'), randomBytes(800 * 1024))
    const { code, stderr } = await cluster.run('helm', ['upgrade', 'tiny', chart, '-n', 'tiny'])
    expect(code).toBe(1)
    expect(stderr).toContain('data: Too long: must have at most 1048576 bytes')
    await rm(path.join(chart, 'blob.bin'))
  })

  it('uninstalls, and waits until all is gone', async () => {
    await helm('uninstall', 'tiny', '-n', 'tiny', '--wait', '--timeout', '120s')
    for (const kind of ['deployments', 'services', 'configmaps', 'routetables', 'secrets'] as const) {
      expect(cluster.store.list(RESOURCES[kind], 'tiny')).toEqual([])
    }
  })
})

describe('Helm 4 and other managers', () => {
  let cluster: TestCluster
  let chart: string

  beforeAll(async () => {
    cluster = await startCluster(4)
    chart = await writeChart(cluster.folder)
    await cluster.ok('helm', ['install', 'tiny', chart])
  })
  afterAll(() => cluster.close())

  it('meets a conflict where somebody edited the routes, and takes them back by force', async () => {
    const patch = { spec: { routes: [] } }
    await cluster.ok('kubectl', ['patch', 'rt', 'tiny', '--type=merge', '-p', JSON.stringify(patch)])
    const upgrade = ['upgrade', 'tiny', chart, '--set', 'prefix=/new']
    const { code, stderr } = await cluster.run('helm', upgrade)
    expect(code).toBe(1)
    expect(stderr).toContain(
      'conflict occurred while applying object default/tiny gateway.solo.io/v1, Kind=RouteTable: ' +
        'Apply failed with 1 conflict: conflict with "kubectl-patch" using gateway.solo.io/v1: .spec.routes',
    )
    await cluster.ok('helm', [...upgrade, '--force-conflicts'])
    expect(cluster.store.get(RESOURCES.routetables, 'default', 'tiny')?.spec.routes).toHaveLength(1)
  })

  it('names every manager where several conflict', async () => {
    await cluster.ok('kubectl', ['scale', 'deploy/one', '--replicas=2'])
    await cluster.ok('kubectl', ['set', 'env', 'deploy/one', 'A=9'])
    const applied = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"one"},"spec":{"replicas":1,
      "template":{"spec":{"containers":[{"name":"one","env":[{"name":"A","value":"8"}]}]}}}}`
    const { stderr } = await cluster.run(
      'kubectl',
      ['apply', '--server-side', '--field-manager=x', '-f', '-'],
      applied,
    )
    expect(stderr).toContain(
      [
        'Apply failed with 2 conflicts: conflicts with "kubectl" with subresource "scale" using apps/v1:',
        '- .spec.replicas',
        'conflicts with "kubectl-set" using apps/v1:',
        '- .spec.template.spec.containers[name="one"].env[name="A"].value',
      ].join('\n'),
    )
  })
})
