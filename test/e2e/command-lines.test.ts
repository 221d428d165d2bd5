import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Command, Config, Parser } from '@oclif/core'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pathWithTools } from '../../scripts/tools.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const config = await Config.load(root)

interface Line {
  line: string
  /** With `--dry-run`, so that the next line finds what this one did. */
  isDry?: boolean
  /** 0 unless given. */
  exitCode?: number
  /** Goes on until it gets a signal. */
  isServer?: boolean
}

const dry = (...lines: string[]): Line[] => lines.map((line) => ({ line, isDry: true }))
const plain = (...lines: string[]): Line[] => lines.map((line) => ({ line }))

/** One line of each command, in a process of its own, in an order in which each finds what it needs. */
const RUN: Line[] = [
  ...plain(
    'canary --version',
    'canary sandbox start && eval "$(canary sandbox env)"',
    'canary sandbox status --json',
    'kubectl create namespace shop && kubectl apply -n shop -f manifests.yaml',
    'canary init --from manifests.yaml',
    'canary init --from deployment/shop -n shop',
    'kubectl delete -n shop -f manifests.yaml && kubectl create secret generic shop-db -n shop --from-literal=password=x',
    'canary runbook init echo v2 > rollout.yaml',
    'canary runbook lint rollout.yaml',
    'canary runbook graph rollout.yaml > rollout.mmd',
    'canary values echo --stage weighted --primary v1 --canary v2 --weight 50',
    'canary install echo v1 --with-virtual-service',
  ),
  ...dry('canary rollout echo v2 --until shift-50', 'canary start echo v2', 'canary import echo --dry-run'),
  ...plain('canary runbook plan rollout.yaml'),
  { line: 'cp rollout.yaml nightly.yaml && canary run nightly.yaml', exitCode: 8 },
  ...plain(
    'canary runs',
    'canary approve nightly qa    # for all apps of a run that wait for it',
    'canary status',
    'canary history echo --limit 5 --json',
    'canary doctor echo',
    'canary verify echo --explain --proxy-url http://localhost:8080',
    'canary shift echo 10',
  ),
  { line: 'canary shift nowhere 50 --json', exitCode: 6 },
  ...dry('canary abort echo'),
  ...plain('canary finish echo v2 --yes'),
  ...dry('canary undo echo v1', 'canary uninstall echo --dry-run'),
  ...plain('canary upgrade echo --set upstream.fallbackPolicy=NO_FALLBACK'),
  ...dry('canary install shop v1 -f shop.yaml'),
  ...plain(
    'canary sandbox fault proxy-down --for 20s',
    'canary sandbox stop',
    'canary sandbox start --gateway-api --like traefik',
    'canary sandbox stop',
  ),
  { line: 'canary sandbox start --foreground', isServer: true },
]

/** The others: their commands take these words. What the commands then do has tests of its own. */
const READ = [
  'canary install echo v1 --gateway gateways/public',
  'eval "$(canary sandbox env)"',
  'kubectl create namespace shops && kubectl apply -n shops -f manifests.yaml',
  'canary init shop --image registry.example/shop:1.6 --port 8080 --health-path /healthz',
  'canary init --from manifests.yaml#shop',
  'canary init shop --from manifests.yaml#shop --dry-run',
  'canary init --from deployment/shop -n shops',
  'canary runbook lint rollout.yaml --var to=v3',
  'canary runbook plan rollout.yaml --var to=v3',
  'canary rollout echo v2 --weights 5,25,50,100 --pause 2m --analyze --on-failure abort',
  'canary run rollout.yaml --dry-run',
  'canary run rollout.yaml',
  'canary run rollout.yaml --only echo --until shift-50',
  'canary run rollout.yaml --var to=v3 --approve qa="checked by hand"',
  'canary start echo v2 --deploy-only --shadow 20',
  'canary start echo v2 --set-version replicas=1',
  'canary import echo',
  'canary runs -n echo --json',
  'canary approve echo qa --why "checked by hand"',
  'canary status --json',
  'canary status echo --json',
  'canary values echo',
  'canary history echo',
  'canary history echo --json',
  'canary doctor',
  'canary verify echo',
  'canary verify echo --json',
  'canary verify echo --tolerance 2.5',
  'canary verify echo --analyze --duration 1m',
  'canary shift echo 10 --dry-run',
  'canary shift echo 60 --dry-run --json',
  'canary shift echo 50 --analyze --duration 1m --on-failure abort',
  'canary shift echo 50 --scale auto',
  'canary shift echo 50 --json >result.json',
  'canary shift echo 50',
  'canary abort echo --unverified "proxy is down, traffic checked by hand"',
  'canary finish echo',
  'canary finish echo --scale auto',
  'canary finish echo v2',
  'canary undo echo v1 --fast',
  'canary upgrade echo --chart bundled',
  'canary upgrade echo -f base.yaml --dry-run',
  'canary upgrade echo --set app.replicas=null --set app.autoscaling.minReplicas=2 --set app.autoscaling.maxReplicas=10',
  'canary upgrade echo --set app.autoscaling=null --set app.replicas=6',
  'canary upgrade echo --revision 3',
  'canary uninstall echo --idle-for 10m',
  'canary uninstall echo --unverified "no gateway in this cluster any more"',
  'canary start shop v2',
  'canary start shop v2 --deploy-only --shadow 20',
  'canary abort shop',
  'canary install shop 1.6 --image registry.example/shop:1.6 -f shop.yaml',
  'canary start shop 1.7 --image registry.example/shop:1.7 --header x-beta=yes',
  'canary sandbox fault never-ready echo v2',
  'canary sandbox fault error-rate echo 5 v2',
  'canary sandbox fault propagation 3s',
  'canary sandbox fault api-errors 10 503',
  'canary sandbox fault api-lost 100 --only writes --resource secrets',
  'canary sandbox fault',
  'canary sandbox fault --clear',
  'canary sandbox start --proxies 3',
  'canary sandbox start --gateway contour --gateway-bin ~/gateways',
]

/** The way of a running service to canary: way-over.test.ts runs these in their order, under traffic. */
const WAY_OVER = [
  'canary init shop-app -n shops --from deployment/shop --path /shop',
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
    CANARY_TOLERANCE: '10',
    CANARY_VERIFY_TIMEOUT: '5m',
  }
})
afterAll(async () => {
  await execa('canary', ['sandbox', 'stop'], { env, extendEnv: false, reject: false })
  await rm(files, { recursive: true, force: true })
})

test('every command line of help and docs has its place here, and every command one that runs', async () => {
  const ran = RUN.map(({ line }) => line)
  const known = [...ran, ...READ, ...WAY_OVER]
  const shown = [...examplesOfHelp(), ...(await linesOfDocs())]
  expect(shown.length).toBeGreaterThan(80)
  expect(shown.filter((line) => !known.includes(line))).toEqual([])
  expect([...READ, ...WAY_OVER].filter((line) => line.startsWith('canary') && !shown.includes(line))).toEqual(
    [],
  )
  const commands = config.commands.filter(({ hidden }) => !hidden).map(({ id }) => id.replaceAll(':', ' '))
  expect(commands.filter((id) => !ran.some((line) => line.includes(`canary ${id}`)))).toEqual([])
})

test.each(READ.filter((line) => line.startsWith('canary ')))(
  '%s: the command takes these words',
  async (line) => {
    const [command, words] = split(line)
    const { args, baseFlags, flags, strict } = await command.load()
    await expect(
      Parser.parse(words, { args, flags: { ...baseFlags, ...flags }, strict }),
    ).resolves.toBeDefined()
  },
)

// One after the other: each finds what those before it left.
test('one line of each command does what it says', async () => {
  for (const entry of RUN) {
    const { exitCode, all } = await run(entry)
    const wanted = entry.exitCode ?? 0
    expect({ line: entry.line, exitCode, said: exitCode === wanted ? '' : all }).toEqual({
      line: entry.line,
      exitCode: wanted,
      said: '',
    })
  }
})

/** The command of a line, and the words that it gets from a shell. */
function split(line: string): [Command.Loadable, string[]] {
  const [text = ''] = line.split(/ +(?:>|#)/)
  const words = text.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)!.map((word) => word.replaceAll(/["']/g, ''))
  for (const length of [2, 1]) {
    const command = config.findCommand(words.slice(1, length + 1).join(':'))
    if (command) return [command, words.slice(length + 1)]
  }
  throw new Error(`no command: ${line}`)
}

/** Runs a line as a user would, in a folder of its own with the files that lines name. */
async function run({ line, isDry, isServer }: Line) {
  const folder = await mkdtemp(path.join(files, 'line-'))
  for (const name of await readdir(files)) {
    if (name.endsWith('.yaml')) await copyFile(path.join(files, name), path.join(folder, name))
  }
  const { proxyUrl } = await stateOfSandbox()
  let text = line.replace('http://localhost:8080', proxyUrl ?? '')
  if (isDry && !text.includes('--dry-run')) text = `${text} --dry-run`
  if (isServer) text = `${text} >said & until grep -q kubeconfig said; do sleep 0.1; done; kill $!; wait $!`
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

function examplesOfHelp(): string[] {
  const examples = config.commands.flatMap(({ examples = [] }) => examples)
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
