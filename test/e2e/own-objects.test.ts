import { cp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const chart = fileURLToPath(new URL('../../chart', import.meta.url))
const NEIGHBOURS = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other-team' } },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'db', namespace: 'other-team' } },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'neighbour', namespace: 'echo' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'neighbour' } },
      template: {
        metadata: { labels: { app: 'neighbour' } },
        spec: { containers: [{ name: 'main', image: 'registry.example/neighbour:1' }] },
      },
    },
  },
]

const RUNBOOK = `
apiVersion: canary/v1
kind: Runbook
apps: {echo: {}}
steps:
  - start: {version: v2, versionValues: v2.yaml}
`

let cli: SandboxCli
/** The record of the newest revision, as Helm wrote it. */
let genuine: any

beforeAll(async () => {
  cli = await startSandboxCli(4, QUICK)
  await expectExit(0, 'install', 'echo', 'v1', '--with-virtual-service')
  for (const object of NEIGHBOURS) await kubectl(['apply', '-f', '-'], JSON.stringify(object))
  genuine = await newestRecord()
})
afterAll(() => cli.close())
beforeEach(() => write(genuine))

const expectExit = (exitCode: number, ...args: string[]): Promise<any> => cli.document(exitCode, args)

async function kubectl(args: string[], input?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await cli.kubectl(args, input)
  expect({ args, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ args, exitCode: 0, stderr: '' })
  return stdout
}

async function newestRecord(): Promise<any> {
  const selector = 'owner=helm,name=echo'
  const { items } = JSON.parse(await kubectl(['get', 'secrets', '-n', 'echo', '-l', selector, '-o', 'json']))
  return items.sort((a: any, b: any) => a.metadata.labels.version - b.metadata.labels.version).at(-1)
}

function write({ metadata: { resourceVersion: _, ...metadata }, ...record }: any): Promise<string> {
  return kubectl(['replace', '-f', '-'], JSON.stringify({ ...record, metadata }))
}

/** Writes into the release's record what somebody who may write Secrets in its namespace could. */
async function forge(change: (release: any) => void): Promise<void> {
  const zipped = Buffer.from(Buffer.from(genuine.data.release, 'base64').toString(), 'base64')
  const release = JSON.parse(gunzipSync(zipped).toString())
  change(release)
  const metadata = {
    ...genuine.metadata,
    labels: { ...genuine.metadata.labels, status: release.info.status },
  }
  const data = Buffer.from(gzipSync(JSON.stringify(release)).toString('base64')).toString('base64')
  await write({ ...genuine, metadata, data: { release: data } })
}

function plant(release: any, name: string, content: string): void {
  release.chart.templates.push({ name: `templates/${name}`, data: Buffer.from(content).toString('base64') })
}

async function expectUntouched(): Promise<void> {
  await kubectl(['get', 'deployment/neighbour', '-n', 'echo'])
  await kubectl(['get', 'configmap/db', '-n', 'other-team'])
  const { items } = JSON.parse(await kubectl(['get', 'configmaps', '-n', 'kube-system', '-o', 'json']))
  expect(items.map(({ metadata }: any) => metadata.name)).not.toContain('planted')
  expect((await newestRecord()).metadata.name).toBe(genuine.metadata.name)
}

describe('objects of others', () => {
  test('in the record’s manifest: nothing is removed, each is named', async () => {
    await forge((release) => {
      release.manifest += NEIGHBOURS.map((object) => `---\n${JSON.stringify(object)}\n`).join('')
    })
    for (const args of [[], ['--dry-run']]) {
      const { error } = await expectExit(6, 'start', 'echo', 'v2', ...args)
      expect(error.details).toEqual([
        'Namespace other-team: it is cluster-wide',
        'ConfigMap other-team/db: it is outside namespace echo',
        'Deployment neighbour: it would be removed, and belongs to no version that this change adds or removes',
      ])
    }
    const upgrade = await expectExit(6, 'upgrade', 'echo', '--set', 'app.replicas=2', '--yes')
    expect(upgrade.error.message).toContain('Deployment neighbour')
    await expectUntouched()
  })

  test('in what a planted template writes: nothing is applied', async () => {
    const metadata = '{name: planted, namespace: kube-system}'
    await forge((release) =>
      plant(release, 'x.yaml', `apiVersion: v1\nkind: ConfigMap\nmetadata: ${metadata}\n`),
    )
    const { error } = await expectExit(6, 'start', 'echo', 'v2')
    expect(error.details).toEqual(['ConfigMap kube-system/planted: it is outside namespace echo'])
    await expectUntouched()
  })

  test('by a hook of a planted template: it is not run', async () => {
    const metadata = '{name: neighbour, annotations: {helm.sh/hook: pre-upgrade}}'
    await forge((release) =>
      plant(release, 'x.yaml', `apiVersion: v1\nkind: ConfigMap\nmetadata: ${metadata}\n`),
    )
    const { error } = await expectExit(6, 'start', 'echo', 'v2')
    expect(error.details).toEqual(['ConfigMap neighbour: it is a hook ("pre-upgrade")'])
  })

  test('in the remains of an install that are to be uninstalled', async () => {
    await forge((release) => {
      release.info.status = 'failed'
      release.manifest += `---\n${JSON.stringify(NEIGHBOURS[2])}\n`
    })
    for (const args of [
      ['abort', 'echo'],
      ['install', 'echo', 'v1', '--recover'],
    ]) {
      const { error } = await expectExit(6, ...args)
      expect(error.details).toEqual([
        expect.stringContaining('Deployment neighbour: it would be removed, and belongs to no Helm release'),
      ])
    }
    await expectUntouched()
  })

  test('an apiVersion that leads elsewhere is neither asked for nor written', async () => {
    const apiVersion = 'apps/v1/namespaces/other-team/deployments/victim?x='
    await forge((release) => {
      release.manifest += `---\n${JSON.stringify({ ...NEIGHBOURS[2], apiVersion })}\n`
    })
    const { error } = await expectExit(6, 'start', 'echo', 'v2', '--take-over')
    expect(error.details).toEqual([`Deployment neighbour: its apiVersion is ${JSON.stringify(apiVersion)}`])
    await expectUntouched()
  })

  test('one that Helm is told to keep is left, and the rollout goes on', async () => {
    await forge((release) => {
      release.manifest += `---\n${JSON.stringify(NEIGHBOURS[2])}\n`
    })
    const { error } = await expectExit(6, 'start', 'echo', 'v2')
    const remedy = error.nextSteps.find((step: string) => step.startsWith('kubectl annotate'))
    await kubectl(
      remedy
        .replace(/ {4}.*/, '')
        .split(' ')
        .slice(1),
    )
    await expectExit(0, 'start', 'echo', 'v2')
    await kubectl(['get', 'deployment/neighbour', '-n', 'echo'])
    await kubectl(['annotate', 'deployment/neighbour', '-n', 'echo', 'helm.sh/resource-policy-'])
    genuine = await newestRecord()
  })

  test('in a failed revision that a rollback leads away from', async () => {
    await forge((release) => {
      release.info.status = 'failed'
      release.manifest += `---\n${JSON.stringify(NEIGHBOURS[2])}\n`
    })
    for (const args of [
      ['abort', 'echo'],
      ['abort', 'echo', '--force'],
      ['shift', 'echo', '10', '--recover'],
    ]) {
      const { error } = await expectExit(6, ...args)
      expect(error.details).toEqual([
        expect.stringContaining('Deployment neighbour: it would be removed, and belongs to no Helm release'),
      ])
    }
    await expectUntouched()
    await write(genuine)
    await expectExit(0, 'abort', 'echo')
    genuine = await newestRecord()
  })
})

describe('dry runs', () => {
  test('name the objects that come, change and go', async () => {
    const { plan } = await expectExit(0, 'start', 'echo', 'v2', '--dry-run')
    const changes = plan.steps.map(({ changes }: any) =>
      changes.objects.map(({ kind, name, change }: any) => `${kind} ${name} ${change}`),
    )
    expect(changes).toEqual([['Deployment echo-v2 added'], ['RouteTable echo-routes changed']])
    const install = await cli.canary(['install', 'shop', 'v1', '--dry-run'])
    expect(install.stdout).toContain(
      '  objects Service shop is added\n          Deployment shop-v1 is added\n',
    )
  })

  test('refuse the values that the chart refuses, as the run does', async () => {
    const file = path.join(cli.home, 'typo.yaml')
    await writeFile(file, 'app: {imge: x}\nrotes: {}\n')
    await writeFile(path.join(cli.home, 'run.yaml'), RUNBOOK)
    for (const args of [
      ['install', 'shop', 'v1', '-f', file],
      ['start', 'echo', 'v2', '--set-version', 'imge=2'],
    ]) {
      const rehearsed = await expectExit(2, ...args, '--dry-run')
      expect(rehearsed.error.state).toBe('Nothing was changed.')
      expect(rehearsed.error.message).toBe((await expectExit(2, ...args)).error.message)
    }
    await writeFile(path.join(cli.home, 'v2.yaml'), 'imge: x\n')
    const outcome = await cli.canary(['runbook', 'plan', 'run.yaml'])
    expect(outcome).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('imge') })
  })
})

test('a chart that makes what is not the app’s is not installed', async () => {
  const folder = path.join(cli.home, 'wide')
  await cp(chart, folder, { recursive: true })
  const role = 'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: wide}\n'
  await writeFile(path.join(folder, 'templates/role.yaml'), role)
  for (const args of [['--dry-run'], []]) {
    const { error } = await expectExit(6, 'install', 'shop', 'v1', '--chart', folder, ...args)
    expect(error.details).toEqual(['ClusterRole wide: it is cluster-wide'])
  }
  expect((await cli.helm(['list', '-A', '-q'])).stdout).toBe('echo')
})

test('a record in another namespace that nobody can read holds up no command', async () => {
  const { name, labels } = genuine.metadata
  const metadata = { name, labels, namespace: 'other-team' }
  await kubectl(['create', '-f', '-'], JSON.stringify({ ...genuine, metadata, data: { release: 'AAAA' } }))
  const { warnings, namespace } = await expectExit(0, 'status', 'echo')
  expect(namespace).toBe('echo')
  expect(warnings.join()).toContain(`left out: Helm's record ${name} in namespace other-team cannot be read`)
  expect((await expectExit(0, 'status')).apps).toMatchObject([{ app: 'echo' }])
  await expectExit(5, 'status', 'echo', '-n', 'other-team')
})
