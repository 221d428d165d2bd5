import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findProxyAddress, httpPort } from '../../../../../src/routing/gloo/proxies/address.js'
import { failure, json, list, startFakeApi, type FakeApi } from '../../../cluster/kube/fake-api.js'
import { startFakePath, type FakePath } from '../../../cluster/fake-program.js'

let fake: FakeApi
let programs: FakePath
let listener: Server
let open: number
beforeEach(async () => {
  programs = await startFakePath()
  listener = createServer((socket) => socket.end())
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  open = (listener.address() as { port: number }).port
})
afterEach(async () => {
  await fake.close()
  await programs.close()
  await new Promise((resolve) => listener.close(resolve))
})

/** A cluster with this Service gateway-proxy, and one node at these addresses. */
async function cluster(service: object | undefined, addresses: { type: string; address: string }[] = []) {
  fake = await startFakeApi(({ path }, response) => {
    if (path === '/api/v1/nodes')
      json(response, 200, list('Node', [{ metadata: { name: 'node' }, status: { addresses } }]))
    else if (service) json(response, 200, service)
    else json(response, 404, failure(404, 'NotFound', 'services "gateway-proxy" not found'))
  })
}

function service(spec: object, ingress: object[] = []): object {
  return { metadata: { name: 'gateway-proxy' }, spec, status: { loadBalancer: { ingress } } }
}

const ports = [
  { name: 'http', port: 80, nodePort: 30080 },
  { name: 'https', port: 443, nodePort: 30443 },
]

async function address(): Promise<{ origin: string; source: string }> {
  const { origin, source } = await findProxyAddress(fake.api, {})
  return { origin, source }
}

describe('the address of the proxy', () => {
  for (const [name, ingress, origin] of [
    ['host name', { hostname: 'lb.example' }, 'http://lb.example'],
    ['IPv4 address', { ip: '10.0.0.7' }, 'http://10.0.0.7'],
    ['IPv6 address', { ip: 'fd00::7' }, 'http://[fd00::7]'],
  ] as const) {
    test(`a load balancer's ${name}`, async () => {
      await cluster(service({ type: 'LoadBalancer', ports }, [ingress]))

      expect(await address()).toEqual({ origin, source: 'LoadBalancer of gloo-system/gateway-proxy' })
    })
  }

  test('a NodePort, on the first address that accepts connections', async () => {
    const nodePorts = [{ name: 'http', port: 80, nodePort: open }]
    await cluster(service({ type: 'NodePort', ports: nodePorts }), [
      { type: 'Hostname', address: 'nosuch.invalid' },
      { type: 'ExternalIP', address: '127.0.0.1' },
      { type: 'InternalIP', address: '127.0.0.2' },
    ])

    expect(await address()).toEqual({
      origin: `http://127.0.0.1:${open}`,
      source: 'NodePort of gloo-system/gateway-proxy on node 127.0.0.1',
    })
  })

  for (const [name, spec] of Object.entries({
    'a load balancer that has no address yet': { type: 'LoadBalancer', ports },
    'a ClusterIP': { type: 'ClusterIP', ports },
    'a NodePort that nobody answers on': { type: 'NodePort', ports: [{ port: 80, nodePort: 1 }] },
  })) {
    test(`${name}: a port-forward, open until closed`, async () => {
      await programs.program(
        'kubectl',
        `require('fs').writeFileSync(__dirname + '/args', process.argv.slice(2).join(' '))
         console.log('Forwarding from 127.0.0.1:34567 -> 8080')
         setInterval(() => {}, 1000)`,
      )
      await cluster(service(spec), [{ type: 'InternalIP', address: '127.0.0.1' }])

      const found = await findProxyAddress(fake.api, { kubeContext: 'staging' })
      await found.close()

      expect(found.origin).toBe('http://127.0.0.1:34567')
      expect(found.source).toBe('port-forward to gloo-system/gateway-proxy')
    })
  }

  test('a port-forward that ends is made again on the same port', async () => {
    // The first one ends when it is told to: by a file that goes.
    await programs.program(
      'kubectl',
      `const fs = require('fs'), runs = __dirname + '/runs', alive = __dirname + '/alive'
       fs.appendFileSync(runs, process.argv[4] + '\\n')
       fs.writeFileSync(alive, '')
       console.log('Forwarding from 127.0.0.1:34567 -> 8080')
       setInterval(() => fs.existsSync(alive) || process.exit(1), 5)`,
    )
    await cluster(service({ type: 'ClusterIP', ports }))
    const found = await findProxyAddress(fake.api, {})

    const forwarded = () => readFileSync(path.join(programs.folder, 'runs'), 'utf8').trim().split('\n')
    await rm(path.join(programs.folder, 'alive'))
    while (forwarded().length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    await found.close()

    expect(forwarded()).toEqual([':80', '34567:80'])
  })

  test('no Service: says how to give the address', async () => {
    await cluster(undefined)

    await expect(address()).rejects.toMatchObject({
      outcome: 'external',
      message: expect.stringContaining('Service gateway-proxy'),
      nextSteps: expect.arrayContaining([expect.stringContaining('--proxy-url')]),
    })
  })

  test('a port-forward that fails: what kubectl said', async () => {
    await programs.program('kubectl', `console.error('error: unable to forward port'); process.exitCode = 1`)
    await cluster(service({ type: 'ClusterIP', ports }))

    await expect(address()).rejects.toMatchObject({
      code: 1,
      stderr: 'error: unable to forward port',
      command: expect.stringContaining('port-forward service/gateway-proxy :80 -n gloo-system'),
    })
  })
})

describe('the port for HTTP', () => {
  beforeEach(() => cluster(undefined))

  const base = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'gateway-proxy' } }

  test('the only one, whatever its name', () => {
    expect(httpPort({ ...base, spec: { ports: [{ name: 'web', port: 8080 }] } }).port).toBe(8080)
  })

  test('the one named http among several', () => {
    expect(httpPort({ ...base, spec: { ports: [{ name: 'https', port: 443 }, ...ports] } }).port).toBe(80)
  })

  test('none of that name', () => {
    const odd = [
      { name: 'a', port: 1 },
      { name: 'b', port: 2 },
    ]
    expect(() => httpPort({ ...base, spec: { ports: odd } })).toThrow(
      /no port named http \(it has a 1, b 2\)/,
    )
  })
})
