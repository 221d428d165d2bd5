import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

let cli: SandboxCli
beforeAll(async () => {
  cli = await startSandboxCli(4, QUICK)
})
afterAll(() => cli.close())

const DEPLOYMENT = `
apiVersion: v1
kind: Namespace
metadata: {name: old}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: old}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}, annotations: {example.com/a: b}}
    spec:
      containers:
        - name: main
          image: hashicorp/http-echo
          imagePullPolicy: IfNotPresent
          args: ['-text=version:shop-v1', '-listen=:9000']
          ports: [{containerPort: 9000, name: web}]
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: old}
spec: {selector: {app: shop}, ports: [{port: 8000, targetPort: web}]}
`

test('values of a Deployment of the cluster are installed, and answer', async () => {
  const applied = await cli.kubectl(['apply', '-f', '-'], DEPLOYMENT)
  expect(applied.exitCode, applied.stderr).toBe(0)

  const missing = await cli.canary(['init', '--from', 'deployment/none', '-n', 'old'])
  expect(missing).toMatchObject({ exitCode: 2 })
  expect(missing.stderr).toContain('Not found: deployment none in namespace old.')

  const made = await cli.canary(['init', '--from', 'deployment/shop', '-n', 'old', '--provider', 'gloo'])
  expect(made.exitCode, made.stderr).toBe(0)
  expect(made.stdout).toContain('port name web: the chart calls this port http')
  expect(made.stdout).toContain('Give the release another name than shop: the release brings a Service shop')
  const values = await readFile(path.join(cli.home, 'shop-values.yaml'), 'utf8')
  expect(parse(values)).toMatchObject({
    app: {
      image: { repository: 'hashicorp/http-echo', tag: 'latest', pullPolicy: 'IfNotPresent' },
      args: ['-text=version:shop-v1', '-listen=:9000'],
      port: 9000,
      replicas: 2,
      annotations: { 'example.com/a': 'b' },
    },
    service: { port: 8000 },
  })

  // In a namespace of its own, as told.
  await writeFile(path.join(cli.home, 'canary.yaml'), 'apps: {shop: {namespace: shop}}')
  const installed = await cli.canary([
    'install',
    'shop',
    'v1',
    '-f',
    'shop-values.yaml',
    '--with-virtual-service',
    '--proxy-url',
    cli.sandbox.proxyUrl,
  ])
  expect(installed.exitCode, installed.stderr).toBe(0)
  expect(installed.stdout).toContain('shop stable: every request goes to v1')
})
