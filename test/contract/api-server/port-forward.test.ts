import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { kubectls } from '../../../scripts/tools.js'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../../support/sandbox-cli.js'

/** A forward that runs: its local port, what kubectl says of errors, and how it ends. */
interface Forward {
  port: number
  process: ChildProcess
  stderr: () => string
}

let cli: SandboxCli
const running: ChildProcess[] = []

beforeAll(async () => {
  cli = await startSandboxCli(4, { ...QUICK, proxies: 2 })
  await cli.kubectl(['create', 'deployment', 'echo', '--image=hashicorp/http-echo', '--port=5678'])
  await cli.kubectl(['expose', 'deployment', 'echo', '--port=80', '--target-port=5678'])
  await cli.kubectl(['rollout', 'status', 'deployment/echo', '--timeout=120s'])
})
afterEach(async () => {
  cli.sandbox.faults.clear()
  await Promise.all(running.splice(0).map(end))
})
afterAll(() => cli.close())

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'exit')
}

async function forward(kubectl: string, args: string[]): Promise<Forward> {
  const child = spawn(kubectl, ['port-forward', ...args, '--address', '127.0.0.1'], { env: cli.env })
  running.push(child)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  await vi.waitUntil(() => stdout.includes('Forwarding from') || child.exitCode !== null, { timeout: 60_000 })
  return {
    port: Number(/127\.0\.0\.1:(\d+)/.exec(stdout)?.[1]),
    process: child,
    stderr: () => stderr,
  }
}

function ask(port: number, path = '/', agent?: Agent): Promise<{ status?: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, agent }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.on('end', () => resolve({ status: response.statusCode, body }))
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}

function podNames(namespace: string): string[] {
  return cli.sandbox.store.list(RESOURCES.pods, namespace).map(({ metadata }) => metadata.name)
}

const binaries = await kubectls()

describe.runIf(binaries.length > 0)('kubectl port-forward', () => {
  describe.each(binaries)('of kubectl %s', (_, kubectl) => {
    test('to an app’s pod: many requests on one connection, then two connections at once', async () => {
      const { port, stderr } = await forward(kubectl, [`pod/${podNames('default')[0]}`, ':5678'])
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      for (let left = 200; left > 0; left -= 1) {
        expect(await ask(port, '/', agent)).toEqual({ status: 200, body: 'hello-world\n' })
      }
      agent.destroy()
      const both = await Promise.all([ask(port), ask(port)])
      expect(both.map(({ status }) => status)).toEqual([200, 200])
      expect(stderr()).toBe('')
    })

    test('to a Service: by its port, whatever the pod calls it', async () => {
      const { port } = await forward(kubectl, ['service/echo', ':80'])
      expect((await ask(port)).status).toBe(200)
    })

    test('to a proxy: users’ port and the admin interface', async () => {
      const { port: http } = await forward(kubectl, [
        'deployment/gateway-proxy',
        ':8080',
        '-n',
        'gloo-system',
      ])
      expect((await ask(http)).status).toBe(404) // there are no routes yet
      const { port: admin } = await forward(kubectl, [
        'deployment/gateway-proxy',
        ':19000',
        '-n',
        'gloo-system',
      ])
      expect(await ask(admin, '/ready')).toEqual({ status: 200, body: 'LIVE\n' })
    })

    test('a port where nothing listens: told when it is used, and the forward ends', async () => {
      const { port, process, stderr } = await forward(kubectl, ['deployment/echo', ':1234'])
      const exited = once(process, 'close')
      await expect(ask(port)).rejects.toThrow()
      await exited
      expect(stderr()).toMatch(/error forwarding port 1234 to pod echo-.*connection refused/)
      expect(stderr()).toContain('lost connection to pod')
    })

    test('a client that goes away, and one that sends nothing, harm no other', async () => {
      const { port } = await forward(kubectl, ['deployment/echo', ':5678'])
      const [silent, gone] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
      await Promise.all([once(silent, 'connect'), once(gone, 'connect')])
      gone.resetAndDestroy()
      expect((await ask(port)).status).toBe(200)
      silent.destroy()
      expect((await ask(port)).status).toBe(200)
    })

    test('it may be forbidden', async () => {
      cli.sandbox.faults.add({ kind: 'forbid', verb: 'create', resource: 'pods/portforward' })
      const { process, stderr } = await forward(kubectl, ['deployment/echo', ':5678'])
      await vi.waitUntil(() => process.exitCode !== null, { timeout: 60_000 })
      expect(stderr()).toContain('cannot create resource "pods/portforward"')
    })

    test('it ends with its pod', async () => {
      const [pod] = podNames('default')
      const { process, stderr } = await forward(kubectl, [`pod/${pod}`, ':5678'])
      const exited = once(process, 'close')
      await cli.kubectl(['delete', 'pod', pod!])
      await exited
      expect(stderr()).toContain('lost connection to pod')
      await cli.kubectl(['rollout', 'status', 'deployment/echo', '--timeout=120s'])
    })
  })

  test('proxies that are there stay when kubectl scales them', async () => {
    const before = podNames('gloo-system')
    await cli.kubectl(['scale', 'deployment', 'gateway-proxy', '-n', 'gloo-system', '--replicas=3'])
    await vi.waitUntil(() => podNames('gloo-system').length === before.length + 1, { timeout: 60_000 })
    await cli.kubectl(['rollout', 'status', 'deployment/gateway-proxy', '-n', 'gloo-system'])
    expect(podNames('gloo-system')).toEqual(expect.arrayContaining(before))
    expect(podNames('gloo-system')).toHaveLength(before.length + 1)
  })

  test('the older protocol, without WebSocket', async () => {
    const [, kubectl] = binaries[0]!
    const before = { ...cli.env }
    cli.env.KUBECTL_PORT_FORWARD_WEBSOCKETS = 'false'
    try {
      const { port, stderr } = await forward(kubectl, ['deployment/echo', ':5678', '-v=7'])
      expect((await ask(port)).status).toBe(200)
      expect(stderr()).toMatch(/POST \S+\/portforward/)
    } finally {
      cli.env = before
    }
  })

  test('without a load balancer, canary reaches the proxies by a port-forward', async () => {
    const gateway = ['service', 'gateway-proxy', '-n', 'gloo-system']
    await cli.canary(['install', 'echo', 'v1', '--with-virtual-service'])
    await cli.kubectl(['patch', ...gateway, '--type=merge', '-p', '{"spec":{"type":"ClusterIP"}}'])
    const none = '{"status":{"loadBalancer":{"ingress":null}}}'
    await cli.kubectl(['patch', ...gateway, '--subresource=status', '--type=merge', '-p', none])
    const { exitCode, stderr, stdout } = await cli.canary(['verify', 'echo'])
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toContain('by each of 3 proxies')
  })
})
