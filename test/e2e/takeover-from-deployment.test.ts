import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { GATEWAY_API, GLOO } from '../support/providers.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'
import { startTraffic } from '../support/traffic.js'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 240_000 })

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A service that no chart of canary's made, with routes of its own. */
const SHOP = `
apiVersion: v1
kind: Namespace
metadata: {name: shops}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: shops}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: main
          image: hashicorp/http-echo
          args: ['-text=hello', '-listen=:9000']
          ports: [{containerPort: 9000, name: web}]
          readinessProbe: {httpGet: {path: /, port: web}}
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: shops}
spec: {selector: {app: shop}, ports: [{port: 8000, targetPort: web}]}
`

const GLOO_ROUTES = `
apiVersion: gloo.solo.io/v1
kind: Upstream
metadata: {name: shop, namespace: shops}
spec: {kube: {serviceName: shop, serviceNamespace: shops, servicePort: 8000}}
---
apiVersion: gateway.solo.io/v1
kind: RouteTable
metadata: {name: shop, namespace: shops, labels: {apiGroup: example}}
spec:
  routes:
    - matchers: [{prefix: /shop}]
      routeAction: {single: {upstream: {name: shop, namespace: shops}}}
---
apiVersion: gateway.solo.io/v1
kind: VirtualService
metadata: {name: app, namespace: gloo-system}
spec:
  virtualHost:
    domains: ['*']
    routes:
      - matchers: [{prefix: /}]
        delegateAction: {selector: {labels: {apiGroup: example}, namespaces: ['*']}}
`

const HTTP_ROUTE = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop, namespace: shops}
spec:
  parentRefs: [{name: public, namespace: gateways}]
  rules:
    - matches: [{path: {type: PathPrefix, value: /shop}}]
      backendRefs: [{name: shop, port: 8000}]
`

describe.each([
  { ...GLOO, objects: GLOO_ROUTES },
  { ...GATEWAY_API, objects: HTTP_ROUTE },
])('a running service that canary did not make, behind $provider', ({ provider, url, objects }) => {
  let cli: SandboxCli
  beforeAll(async () => {
    cli = await startSandboxCli(4, QUICK)
    const applied = await cli.kubectl(['apply', '-f', '-'], `${SHOP}---${objects}`)
    expect(applied.exitCode, applied.stderr).toBe(0)
    await vi.waitFor(
      async () => expect(await (await fetch(`${url(cli.sandbox)}/shop`)).text()).toContain('hello'),
      { timeout: 60_000, interval: 100 },
    )
  })
  afterAll(() => cli.close())

  /** Runs a printed command line as a user who pastes it. */
  async function paste(line: string) {
    const [command = ''] = line.split('    (')
    const env = {
      ...cli.env,
      NODE: process.execPath,
      RUN: path.join(root, 'bin/run.js'),
      CANARY_PROXY_URL: url(cli.sandbox),
    }
    const script = `canary() { "$NODE" "$RUN" "$@"; }\n${command}`
    return execa('/bin/sh', ['-c', script], {
      env,
      extendEnv: false,
      cwd: cli.home,
      reject: false,
      input: '',
    })
  }

  test.runIf(provider === 'gloo').each([[['--dry-run']], [[]]])(
    'is not installed over %j: what is there is named',
    async (more) => {
      const { exitCode, stdout } = await cli.canary([
        'install',
        'shop',
        'v1',
        '-n',
        'shops',
        ...more,
        '--json',
      ])
      expect(exitCode).toBe(6)
      const { error } = JSON.parse(stdout)
      expect(error.details).toContainEqual(
        expect.stringMatching(/^Service shop: it belongs to no Helm release/),
      )
      expect(error.nextSteps[0]).toMatch(/^canary init shop-app -n shops --from deployment\/\w+ /)
      expect(JSON.stringify(error)).not.toMatch(/delete/)
    },
  )

  test('comes over by the commands that init prints, in their order, without a failed request', async () => {
    const first = await cli.canary(['init', '--from', 'deployment/shop', '-n', 'shops', '--json'])
    const [again = ''] = JSON.parse(first.stdout).next as string[]
    expect(again).toMatch(/^canary init shop-app -n shops --from deployment\/shop --path \/shop {4}\(/)
    const second = await paste(`${again.split('    (')[0]} --json`)
    expect(second.exitCode, second.stderr).toBe(0)
    const { next } = JSON.parse(second.stdout) as { next: string[] }
    const docs = await readFile(path.join(root, 'docs/init.md'), 'utf8')
    const commands = [again, ...next].map((line) => line.split('    (')[0] ?? '')
    if (provider === 'gloo') for (const command of commands) expect(docs).toContain(command)

    const traffic = startTraffic(`${url(cli.sandbox)}/shop`, 50, (body) =>
      body.includes('hello') ? 'hello' : undefined,
    )
    try {
      for (const line of next) {
        const { exitCode, stdout, stderr } = await paste(line)
        expect(exitCode, `${line}\n${stdout}\n${stderr}`).toBe(0)
      }
      // The old pods are gone, and requests go on.
      const sent = traffic.report.sent
      await vi.waitFor(() => expect(traffic.report.sent).toBeGreaterThan(sent + 50), { timeout: 60_000 })
    } finally {
      await traffic.stop()
    }
    expect(traffic.report).toMatchObject({ failed: 0, failures: {} })

    const deployments = await cli.kubectl(['get', 'deployments', '-n', 'shops', '-o', 'name'])
    expect(deployments.stdout.trim()).toBe('deployment.apps/shop-app-v1')
    // Clients in the cluster reach the new pods by the old Service.
    const pods = await cli.kubectl(['get', 'endpoints', 'shop', '-n', 'shops', '-o', 'json'])
    const { subsets = [] } = JSON.parse(pods.stdout)
    expect(subsets[0]).toMatchObject({ ports: [{ port: 9000 }] })
    expect(subsets[0].addresses).toHaveLength(2)
  })
})
