import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { HELM_MAJORS, kubectls, pathWithTools } from '../../../scripts/tools.js'
import type { LockRequest } from '../../../src/cluster/ports/locks.js'
import { openCluster } from '../../../src/cluster/open.js'
import { startCluster, type TestCluster, writeChart } from '../api-server/cluster.js'

vi.setConfig({ testTimeout: 120_000 })

/** Two clusters at one address: one below a path, as Rancher has them, the other where that is left out. */
const PREFIX = '/k8s/clusters/c-1'
let meant: TestCluster
let other: TestCluster
let front: Server
let folder: string
let kubeconfig: string

beforeAll(async () => {
  ;[meant, other] = await Promise.all([startCluster(), startCluster()])
  front = createServer((incoming, outgoing) => {
    const { url = '/', method, headers } = incoming
    const [cluster, rest] = url.startsWith(`${PREFIX}/`) ? [meant, url.slice(PREFIX.length)] : [other, url]
    const passed = request(cluster.url + rest, { method, headers }, (answer) => {
      answer.pipe(outgoing.writeHead(answer.statusCode ?? 502, answer.headers))
    })
    passed.on('error', () => outgoing.destroy())
    outgoing.on('close', () => passed.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>((listening) => front.listen(0, '127.0.0.1', listening))
  const { port } = front.address() as { port: number }
  folder = await mkdtemp(path.join(tmpdir(), 'canary-path-'))
  kubeconfig = path.join(folder, 'kubeconfig')
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c-1',
      clusters: [{ name: 'c-1', cluster: { server: `http://127.0.0.1:${port}${PREFIX}` } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'c-1', context: { cluster: 'c-1', user: 'u' } }],
    }),
  )
})
const PATH = process.env.PATH
afterEach(() => {
  process.env.PATH = PATH
})
afterAll(async () => {
  front.closeAllConnections()
  front.close()
  await Promise.all([meant.close(), other.close(), rm(folder, { recursive: true })])
})

const lockRequest: LockRequest = {
  app: 'echo',
  namespace: 'default',
  command: 'shift echo 5',
  who: 'ann@host',
  waitMs: 0,
  preempt: false,
  waiting: () => undefined,
}

/** A folder with a kubectl of this content, first on PATH. */
async function kubectlIs(name: string, script: string): Promise<void> {
  const bin = path.join(folder, name)
  await mkdir(bin, { recursive: true })
  await writeFile(path.join(bin, 'kubectl'), script)
  await chmod(path.join(bin, 'kubectl'), 0o755)
  process.env.PATH = `${bin}${path.delimiter}${await pathWithTools(4)}`
}

const [real = ''] = (await kubectls()).map(([, file]) => file).slice(-1)

test.each(HELM_MAJORS)('Helm %i installs, canary reads the same, and takes the lock there', async (major) => {
  process.env.PATH = await pathWithTools(major)
  process.env.KUBECACHEDIR = path.join(folder, 'cache')
  const cluster = openCluster({ kubeconfig })
  try {
    const chart = { path: await writeChart(path.join(folder, String(major))) }
    const [app, namespace] = ['tiny', `helm-${major}`]
    await cluster.install({ app, namespace, chart, values: {}, description: 'x' })
    expect(await cluster.findReleases(app, namespace)).toMatchObject([{ deployed: { revision: 1 } }])
    const lock = await cluster.lock({ ...lockRequest, app, namespace })
    expect(lock.unavailable).toBeUndefined()
    await lock.release()
    const secrets = (one: TestCluster) => one.ok('kubectl', ['get', 'secrets', '-o', 'name', '-A'])
    expect(await secrets(meant)).toContain('sh.helm.release.v1.tiny.v1')
    expect(await secrets(other)).toBe('')
  } finally {
    await cluster.close()
  }
})

test.each(await kubectls())('kubectl %s keeps the path', async (version, file) => {
  await kubectlIs(version, `#!/bin/sh\nexec ${file} "$@"\n`)
  const cluster = openCluster({ kubeconfig })
  try {
    expect(await cluster.findReleases('tiny')).toHaveLength(2)
  } finally {
    await cluster.close()
  }
})

test('a kubectl proxy that leaves the path out is found before anything is changed', async () => {
  await kubectlIs(
    'pathless',
    `#!/bin/sh\nfor word do shift; [ "$word" = --append-server-path ] || set -- "$@" "$word"; done\nexec ${real} "$@"\n`,
  )
  const cluster = openCluster({ kubeconfig })
  try {
    await expect(cluster.lock(lockRequest)).rejects.toMatchObject({
      outcome: 'external',
      message: expect.stringContaining('Reads and helm do not reach the same cluster'),
      state: 'Nothing was changed.',
    })
    expect(await meant.ok('kubectl', ['get', 'leases', '-o', 'name'])).not.toContain('canary-echo')
  } finally {
    await cluster.close()
  }
})

test('a kubectl without the flag is named, with the version that has it', async () => {
  await kubectlIs(
    'old',
    `#!/bin/sh\ncase "$*" in *--append-server-path*) echo 'Error: unknown flag: --append-server-path' >&2; exit 1;; esac\nexec ${real} "$@"\n`,
  )
  const cluster = openCluster({ kubeconfig })
  await expect(cluster.listReleases()).rejects.toMatchObject({
    outcome: 'external',
    message: expect.stringMatching(/ignores the path .*\/k8s\/clusters\/c-1.*kubectl 1\.23 and newer/),
  })
  await cluster.close()

  // Where the server has no path, it does.
  const plain = openCluster({ kubeconfig: meant.env.KUBECONFIG })
  try {
    expect(await plain.findReleases('tiny')).toHaveLength(2)
  } finally {
    await plain.close()
  }
})
