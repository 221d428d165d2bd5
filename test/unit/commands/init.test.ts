import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import Init from '../../../src/commands/init.js'
import { documentOf, runCommand } from './run-command.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-init-'))
  vi.spyOn(process, 'cwd').mockReturnValue(folder)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(folder, { recursive: true, force: true })
})

const run = (...argv: string[]) => runCommand(Init, [...argv, '--out', folder])

const DEPLOYMENT = `
kind: Deployment
metadata: {name: shop-api, namespace: shops}
spec:
  selector: {matchLabels: {app: shop-api}}
  template:
    metadata: {labels: {app: shop-api}}
    spec:
      schedulerName: own
      containers:
        - name: main
          image: registry.example/shop:1
          ports: [{containerPort: 8080}]
          env: [{name: API_TOKEN, value: t0ken-of-shop}]
`

test('flags alone, off a terminal', async () => {
  const result = await run(
    'shop',
    '--image',
    'registry.example/shop:1.6',
    '--path',
    '/shop',
    '--path',
    '/cart',
  )
  expect(result).toMatchObject({ exitCode: 0 })
  expect(result.stderr).toContain('The cluster shows no gateway: the values are for Gloo.')
  expect(result.stdout.replaceAll(`${folder}/`, '')).toBe(`✔ wrote shop-values.yaml and canary.yaml
  next    canary install shop v1 -f shop-values.yaml
          canary start shop v2 --image registry.example/shop:TAG    (the next version)
`)
  expect((await readdir(folder)).sort()).toEqual(['canary.yaml', 'shop-values.yaml'])
})

test('a Gateway is written into the values, with how versions can be told apart', async () => {
  const result = await run('shop', '--image', 'registry.example/shop:1.6', '--gateway', 'infra/web', '--json')
  const document = documentOf(result)
  expect(document.files[0].content).toMatch(
    /provider: gateway-api\n +gateway:\n +namespace: infra\n +name: web/,
  )
  expect(document.notes).toEqual([expect.stringContaining('No answer of shop will name its version')])
  expect(await run('shop', '--gateway', 'infra/web', '--provider', 'gloo')).toMatchObject({ exitCode: 2 })
  expect(await run('shop', '--provider', 'envoy')).toMatchObject({ exitCode: 2 })
})

test('a Deployment gives the name and the namespace; what it says and the values can not is told', async () => {
  const file = path.join(folder, 'shop.yaml')
  await writeFile(file, DEPLOYMENT)
  const document = documentOf(await run('--from', file, '--json'))
  expect(document).toMatchObject({
    app: 'shop-api',
    namespace: 'shops',
    dryRun: false,
    files: [{ path: path.join(folder, 'shop-api-values.yaml') }, { path: path.join(folder, 'canary.yaml') }],
    notCarriedOver: [{ field: 'schedulerName' }, { field: 'containers main: name' }],
    warnings: [],
  })
  expect(document.files[0].content).toBe(await readFile(document.files[0].path, 'utf8'))
  expect(document.next[0]).toMatch(/^canary install shop-api v1 -f \S+$/)
  expect(document.notes[0]).toContain('main: env API_TOKEN')
})

test('a dry run prints the files; remarks go to stderr', async () => {
  const file = path.join(folder, 'shop.yaml')
  await writeFile(file, DEPLOYMENT)
  const result = await run('--from', file, '--dry-run')
  expect(result.stdout).toContain(`---\n# ${path.join(folder, 'canary.yaml')}\n`)
  expect(result.stdout).not.toContain('t0ken-of-shop')
  expect(result.stderr).toContain('not carried over:\n  schedulerName: the chart has no value for it\n')
  expect(await readdir(folder)).toEqual(['shop.yaml'])
  const withSecrets = await run('--from', file, '--dry-run', '--with-secrets')
  expect(withSecrets.stdout).toContain('API_TOKEN: t0ken-of-shop')
})

test.each<[argv: string[], message: string]>([
  [['Shop'], 'APP "Shop" is not a valid Kubernetes name.'],
  [['shop', '--port', '70000'], 'The port is "70000".'],
  [['shop', '--from', 'none.yaml'], 'The file none.yaml does not exist.'],
  [['shop', '--container', 'x'], '--from'],
])('%j is refused, and nothing is written', async (argv, message) => {
  const result = await run(...argv, '--json')
  expect(result.exitCode).toBe(2)
  expect(documentOf(result).error.message).toContain(message)
  expect(await readdir(folder)).toEqual([])
})

test('settings that are there are left, and that is told', async () => {
  await writeFile(path.join(folder, 'canary.yaml'), 'apps:\n  shop: {namespace: other}\n')
  const document = documentOf(await run('shop', '--json'))
  expect(document.files).toHaveLength(1)
  expect(document.notes[0]).toContain('canary.yaml has settings of shop already')
  expect(await readFile(path.join(folder, 'canary.yaml'), 'utf8')).toBe('apps:\n  shop: {namespace: other}\n')
})
