import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { pathWithTools } from '../../../scripts/tools.js'
import { attendLogin } from '../../../src/cluster/helm/helm-login.js'
import { openCluster } from '../../../src/cluster/open.js'
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.js'

vi.setConfig({ testTimeout: 120_000 })

const runJs = fileURLToPath(new URL('../../../bin/run.js', import.meta.url))

let sandbox: Sandbox
let front: Server
let folder: string
let kubeconfig: string
const file = (name: string) => path.join(folder, name)

const tls = (name: string) =>
  readFileSync(new URL(`../../unit/verification/probing/fixtures/tls/${name}`, import.meta.url))

/**
 * A kubeconfig whose user logs in by a command that shows an URL and a code, and waits for the person. The server speaks
 * TLS: without it kubectl sends no credentials.
 */
beforeEach(async () => {
  sandbox = await startSandbox()
  const { hostname, port } = new URL(sandbox.apiUrl)
  front = createServer({ cert: tls('server.pem'), key: tls('server.key') }, (incoming, outgoing) => {
    const { url: path, method, headers } = incoming
    const passed = request({ hostname, port, path, method, headers }, (answer) => {
      answer.pipe(outgoing.writeHead(answer.statusCode ?? 502, answer.headers))
    })
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>((listening) => front.listen(0, '127.0.0.1', listening))
  folder = await mkdtemp(path.join(tmpdir(), 'canary-login-'))
  kubeconfig = file('kubeconfig')
  const config = JSON.parse(sandbox.kubeconfig)
  const secure = sandbox.apiUrl
    .replace('http:', 'https:')
    .replace(port, String((front.address() as AddressInfo).port))
  config.clusters[0].cluster = { server: secure, 'insecure-skip-tls-verify': true }
  config.users[0].user = {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: file('corp-login'),
      interactiveMode: 'IfAvailable',
    },
  }
  await writeFile(kubeconfig, JSON.stringify(config))
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: sandbox.token },
  }
  await writeFile(
    file('corp-login'),
    `#!/bin/sh
     echo $$ > ${file('pid')}
     echo 'open https://login.example/device, and enter ABCD-EFGH' >&2
     until [ -e ${file('done')} ]; do sleep 0.1; done
     echo '${JSON.stringify(credential)}'`,
  )
  await chmod(file('corp-login'), 0o755)
})
const PATH = process.env.PATH
afterEach(async () => {
  process.env.PATH = PATH
  front.closeAllConnections()
  front.close()
  await sandbox.close()
  await rm(folder, { recursive: true, force: true })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

const pluginPid = () => Number(readFileSync(file('pid'), 'utf8'))

test('what a login command says is shown while it waits, and the command goes on after it', async () => {
  process.env.PATH = await pathWithTools(4)
  const said: string[] = []
  const cluster = openCluster({ kubeconfig, say: (line) => said.push(line) })
  try {
    const releases = cluster.listReleases()
    await vi.waitUntil(() => said.includes('open https://login.example/device, and enter ABCD-EFGH'), {
      timeout: 60_000,
    })
    await writeFile(file('done'), '')
    expect(await releases).toEqual([])
  } finally {
    await cluster.close()
  }
})

test('Ctrl-C during a login ends everything: exit 130', async () => {
  const child = spawn(process.execPath, [runJs, 'status'], {
    env: { PATH: await pathWithTools(4), HOME: folder, KUBECONFIG: kubeconfig, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise((resolve) => child.once('close', resolve))
  await vi.waitUntil(() => stderr.includes('enter ABCD-EFGH') && existsSync(file('pid')), { timeout: 60_000 })
  child.kill('SIGINT')

  expect({ code: await ended, stderr }).toMatchObject({ code: 130 })
  await vi.waitUntil(() => !isAlive(pluginPid()), { timeout: 30_000 })
})

/** A helm that asks for credentials first, and fails without them. */
async function helmThatLogsIn() {
  await writeFile(file('err'), '')
  const script = `${file('corp-login')} 2>> ${file('err')} >/dev/null || exit 1; exit 0`
  const helm = spawn('/bin/sh', ['-c', `${script}`], { detached: true, stdio: 'ignore' })
  const over = new AbortController()
  const ended = new Promise((resolve) =>
    helm.once('exit', (code) => {
      over.abort()
      resolve(code)
    }),
  )
  return { pid: helm.pid!, over: over.signal, ended }
}

test('what a login command says under helm is shown while it waits', async () => {
  const { pid, over, ended } = await helmThatLogsIn()
  const said: string[] = []
  const attended = attendLogin(
    pid,
    file('err'),
    { loginCommand: 'corp-login', say: (line) => said.push(line) },
    over,
  )
  await vi.waitUntil(() => said.some((line) => line.includes('ABCD-EFGH')), { timeout: 60_000 })
  await writeFile(file('done'), '')
  expect([await ended, await attended]).toEqual([0, undefined])
})

test('a login command under helm that does not end is ended and named; helm ends by itself', async () => {
  const { pid, over, ended } = await helmThatLogsIn()
  const why = await attendLogin(pid, file('err'), { loginCommand: 'corp-login' }, over, 500)
  expect(await ended).toBe(1)
  expect(why).toMatchObject({
    outcome: 'external',
    message: "The kubeconfig's login command did not finish within 0.5 s and was ended: corp-login",
    nextSteps: [expect.stringContaining('kubectl auth whoami'), expect.anything()],
  })
  expect(isAlive(pluginPid())).toBe(false)
})
