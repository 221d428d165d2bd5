import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Config } from '@oclif/core'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pathWithTools } from '../../scripts/tools.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

interface Line {
  line: string
  /** With `--dry-run`, so that the next line finds what this one did. */
  isDry?: boolean
  /** 0 where nothing is said. */
  exitCode?: number
  /** Goes on until it is told to end. */
  isServer?: boolean
}

const dry = (...lines: string[]): Line[] => lines.map((line) => ({ line, isDry: true }))
const plain = (...lines: string[]): Line[] => lines.map((line) => ({ line }))

/** Every command line of the help and the docs, and what comes before them, each where it finds what it needs. */
const SANDBOX_AND_FILES: Line[] = [
  ...plain(
    'canary --version',
    'canary sandbox start && eval "$(canary sandbox env)"',
    'eval "$(canary sandbox env)"',
    'canary sandbox status --json',
    'kubectl create namespace shop',
    'kubectl create secret generic shop-db -n shop --from-literal=password=x',
    'kubectl apply -n shop -f manifests.yaml',
    'kubectl create namespace shops && kubectl apply -n shops -f manifests.yaml',
    'canary init shop --image registry.example/shop:1.6 --port 8080 --health-path /healthz',
    'canary init --from manifests.yaml',
    'canary init --from manifests.yaml#shop',
    'canary init shop --from manifests.yaml#shop --dry-run',
    'canary init --from deployment/shop -n shops',
    'canary init --from deployment/shop -n shop',
    'kubectl delete -n shop -f manifests.yaml',
    'canary runbook init echo v2 > rollout.yaml',
    'canary runbook lint rollout.yaml',
    'canary runbook lint rollout.yaml --var to=v3',
    'canary runbook graph rollout.yaml > rollout.mmd',
    'canary values echo --stage weighted --primary v1 --canary v2 --weight 50',
  ),
]

const ROLLOUT: Line[] = [
  ...plain('canary install echo v1 --with-virtual-service'),
  ...dry(
    'canary rollout echo v2 --weights 5,25,50,100 --pause 2m --analyze --on-failure abort',
    'canary rollout echo v2 --until shift-50',
    'canary run rollout.yaml --dry-run',
    'canary run rollout.yaml',
    'canary run rollout.yaml --var to=v2',
    'canary run rollout.yaml --only echo --until shift-50',
    'canary start echo v2 --deploy-only --shadow 20',
    'canary start echo v2 --set-version replicas=1',
    'canary start echo v2',
    'canary import echo --dry-run',
    'canary import echo',
  ),
  ...plain('canary runbook plan rollout.yaml', 'canary runbook plan rollout.yaml --var to=v3'),
  { line: 'cp rollout.yaml nightly.yaml && canary run nightly.yaml', exitCode: 8 },
  ...plain(
    'canary runs',
    'canary runs -n echo --json',
    'canary approve nightly qa    # for all apps of a run that wait for it',
    'canary approve echo qa --why "checked by hand"',
    'canary status',
    'canary status --json',
    'canary status echo --json',
    'canary values echo',
    'canary history echo',
    'canary history echo --json',
    'canary history echo --limit 5 --json',
    'canary doctor',
    'canary doctor echo',
    'canary verify echo',
    'canary verify echo --json',
    'canary verify echo --tolerance 2.5',
    'canary verify echo --analyze --duration 1m',
    'canary verify echo --explain --proxy-url http://localhost:8080',
    'canary shift echo 10 --dry-run',
    'canary shift echo 10',
    'canary shift echo 60 --dry-run --json',
  ),
  { line: 'canary shift nowhere 50 --json', exitCode: 6 },
  ...dry(
    'canary shift echo 50 --analyze --duration 1m --on-failure abort',
    'canary shift echo 50 --scale auto',
    'canary shift echo 50 --json >result.json',
    'canary shift echo 50',
    'canary abort echo',
    'canary abort echo --unverified "proxy is down, traffic checked by hand"',
    'canary finish echo',
    'canary finish echo --scale auto',
    'canary finish echo v2',
  ),
  ...plain('canary finish echo v2 --yes'),
  ...dry(
    'canary run rollout.yaml --var to=v3 --approve qa="checked by hand"',
    'canary undo echo v1',
    'canary undo echo v1 --fast',
    'canary upgrade echo --chart bundled',
    'canary upgrade echo -f base.yaml --dry-run',
    'canary upgrade echo --set app.replicas=null --set app.autoscaling.minReplicas=2 --set app.autoscaling.maxReplicas=10',
    'canary upgrade echo --set app.autoscaling=null --set app.replicas=6',
  ),
  ...plain('canary upgrade echo --set upstream.fallbackPolicy=NO_FALLBACK'),
  ...dry(
    'canary upgrade echo --revision 3',
    'canary uninstall echo --dry-run',
    'canary uninstall echo --idle-for 10m',
    'canary uninstall echo --unverified "no gateway in this cluster any more"',
  ),
]

const SERVICE: Line[] = [
  ...plain('canary install shop v1 -f shop.yaml'),
  ...dry('canary start shop v2', 'canary start shop v2 --deploy-only --shadow 20', 'canary abort shop'),
  ...plain(
    'helm uninstall shop -n shop',
    'canary install shop 1.6 --image registry.example/shop:1.6 -f shop.yaml',
    'canary start shop 1.7 --image registry.example/shop:1.7 --header x-beta=yes',
    'canary finish shop 1.7 --jump',
    'canary undo shop 1.6 --fast',
  ),
]

const FAULTS_AND_END: Line[] = [
  ...plain(
    'canary sandbox fault never-ready echo v2',
    'canary sandbox fault error-rate echo 5 v2',
    'canary sandbox fault propagation 3s',
    'canary sandbox fault api-errors 10 503',
    'canary sandbox fault api-lost 100 --only writes --resource secrets',
    'canary sandbox fault proxy-down --for 20s',
    'canary sandbox fault',
    'canary sandbox fault --clear',
    'canary sandbox stop',
    'canary sandbox start --proxies 3',
    'canary sandbox stop',
    'canary sandbox start --gateway-api --like traefik',
    'canary sandbox stop',
  ),
  { line: 'canary sandbox start --foreground', isServer: true },
]

/** The way of a running service to canary: way-over.test.ts runs these in their order, under traffic. */
const WAY_OVER = [
  'canary init shop-app --from deployment/shop -n shops --path /shop',
  "canary install shop-app v1 -f shop-app-values.yaml --set 'routes.virtualService.domains={shop-app.trial.invalid}'",
  'canary upgrade shop-app --set routes.virtualService=null --allow-overlap --yes',
  'canary verify shop-app',
]

const MANIFESTS = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: "registry.example/shop:1.5", ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
`
const RUNBOOK = `
apiVersion: canary/v1
kind: Runbook
vars: {to: {default: v2}}
apps: {echo: {}}
steps: [start: "\${to}", approve: {id: qa, message: Does it work?}, shift: 50, finish]
`

/** Files that the lines name. */
let files: string
let env: Record<string, string>
beforeAll(async () => {
  files = await mkdtemp(path.join(tmpdir(), 'canary-lines-'))
  const bin = path.join(files, 'bin')
  await mkdir(bin)
  await writeFile(
    path.join(bin, 'canary'),
    `#!/bin/sh\nexec "${process.execPath}" "${root}bin/run.js" "$@"\n`,
  )
  await chmod(path.join(bin, 'canary'), 0o755)
  const services = await readFile(path.join(root, 'docs/services.md'), 'utf8')
  await writeFile(path.join(files, 'shop.yaml'), /```yaml\n(# shop\.yaml\n[^]*?)```/.exec(services)![1]!)
  await writeFile(path.join(files, 'base.yaml'), 'routes: {apiGroup: example}\n')
  await writeFile(path.join(files, 'manifests.yaml'), MANIFESTS)
  await writeFile(path.join(files, 'rollout.yaml'), RUNBOOK)
  env = {
    PATH: `${bin}:${await pathWithTools(4)}`,
    HOME: path.join(files, 'home'),
    XDG_STATE_HOME: path.join(files, 'state'),
    KUBECONFIG: path.join(files, 'state/canary/sandbox/kubeconfig'),
    KUBECACHEDIR: path.join(files, 'kube-cache'),
    HELM_CACHE_HOME: path.join(files, 'helm-cache'),
    NO_COLOR: '1',
    CANARY_SANDBOX_WHILE_PID: String(process.pid),
    CANARY_PROBE_RATE: '0',
    CANARY_VERIFY_TIMEOUT: '5m',
  }
})
afterAll(async () => {
  await execa('canary', ['sandbox', 'stop'], { env, extendEnv: false, reject: false })
  await rm(files, { recursive: true, force: true })
})

test('every command line of the help and the docs has its place here', async () => {
  const placed = [...SANDBOX_AND_FILES, ...ROLLOUT, ...SERVICE, ...FAULTS_AND_END].map(({ line }) => line)
  const known = [...placed, ...WAY_OVER]
  const shown = [...(await examplesOfHelp()), ...(await linesOfDocs())]
  expect(shown.length).toBeGreaterThan(80)
  expect(shown.filter((line) => !known.includes(line))).toEqual([])
  expect(WAY_OVER.filter((line) => !shown.includes(line))).toEqual([])
})

// One after the other: each finds what those before it left.
test.each([
  ['a sandbox and files', SANDBOX_AND_FILES],
  ['a rollout', ROLLOUT],
  ['a service of one’s own', SERVICE],
  ['faults, and the end', FAULTS_AND_END],
])('they do what they say: %s', async (_title, lines) => {
  for (const entry of lines) {
    const { exitCode, all } = await run(entry)
    const wanted = entry.exitCode ?? 0
    expect({ line: entry.line, exitCode, said: exitCode === wanted ? '' : all }).toEqual({
      line: entry.line,
      exitCode: wanted,
      said: '',
    })
  }
})

/** Runs a line as a user would, in a folder of its own with the files that lines name. */
async function run({ line, isDry, isServer }: Line) {
  const folder = await mkdtemp(path.join(files, 'line-'))
  for (const name of await readdir(files)) {
    if (name.endsWith('.yaml')) await copyFile(path.join(files, name), path.join(folder, name))
  }
  const { proxyUrl } = await stateOfSandbox()
  // Less patience, and an address that is there.
  let text = line.replace(' 1m', ' 10s').replace('http://localhost:8080', proxyUrl ?? '')
  if (isDry && !text.includes('--dry-run')) text = text.replace(/( >|$)/, ' --dry-run$1')
  if (isServer)
    text = `${text} & until canary sandbox status | grep -q 'the sandbox runs'; do :; done; kill $!; wait $!`
  return execa('sh', ['-c', text], {
    cwd: folder,
    env,
    extendEnv: false,
    reject: false,
    input: '',
    all: true,
  })
}

async function stateOfSandbox(): Promise<{ proxyUrl?: string }> {
  const state = path.join(files, 'state/canary/sandbox/sandbox.json')
  return readFile(state, 'utf8').then(
    (text) => JSON.parse(text) as { proxyUrl: string },
    () => ({}),
  )
}

async function examplesOfHelp(): Promise<string[]> {
  const { commands } = await Config.load(root)
  const examples = commands.flatMap(({ examples = [] }) => examples)
  const texts = examples.map((example) => (typeof example === 'string' ? example : example.command))
  return texts.map((text) => text.replaceAll('<%= config.bin %>', 'canary'))
}

/**
 * Lines of code blocks that begin with the command, without the notes on them and the filters after them. Scripts in them
 * have tests of their own.
 */
async function linesOfDocs(): Promise<string[]> {
  const docs = (await readdir(path.join(root, 'docs'))).filter((name) => name.endsWith('.md'))
  const pages = ['README.md', ...docs.map((name) => `docs/${name}`)]
  const texts = await Promise.all(pages.map((page) => readFile(path.join(root, page), 'utf8')))
  const blocks = texts.flatMap((text) => [...text.matchAll(/^```.*\n([^]*?)^```/gm)].map(([, code]) => code!))
  const lines = blocks.flatMap((code) => [...code.matchAll(/^(?:\$ )?(canary [^]*?)(?: +#.*)?$/gm)])
  const commands = lines.flatMap(([, line = '']) => line.split(' | ').slice(0, 1))
  return commands.filter((line) => !line.includes('"$app"'))
}
