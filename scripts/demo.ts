/**
 * The main job on the embedded sandbox: echo goes from v1 to v2 by the commands a user would type, beside foxtrot,
 * which stays as it is. Exits 0 only if every stage was proven; cleans up whatever happens.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import chalk from 'chalk'
import { execa } from 'execa'
import { pathWithTools, toolsFolder } from './tools.js'

const canary = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const home = await mkdtemp(path.join(tmpdir(), 'canary-demo-'))
const env: Record<string, string> = {
  PATH: await pathWithTools(4),
  XDG_STATE_HOME: path.join(home, 'state'),
  KUBECACHEDIR: path.join(home, 'kube-cache'),
  HELM_CACHE_HOME: path.join(home, 'helm-cache'),
  CANARY_SANDBOX_WHILE_PID: String(process.pid), // it ends with the demo, however that ends
}

/** The commands, as typed; every one must end with exit 0. */
const COMMANDS = [
  'canary doctor',
  'canary install echo v1 --with-virtual-service',
  'canary install foxtrot v1',
  'canary start echo v2',
  'canary shift echo 50',
  'canary shift echo 100',
  'canary finish echo v2',
  'canary verify foxtrot',
  'canary status',
]

async function main(): Promise<void> {
  await requireTools()
  const started = Date.now()
  await run('canary sandbox start')
  try {
    const { stdout } = await execa('node', [canary, 'sandbox', 'env', '--json'], { env })
    env.KUBECONFIG = (JSON.parse(stdout) as { KUBECONFIG: string }).KUBECONFIG
    say(`export KUBECONFIG=…    # what "canary sandbox env" prints`)
    for (const command of COMMANDS) await run(command)
    const foxtrot = await revisions('foxtrot')
    if (foxtrot !== 1) throw new Error(`foxtrot has ${foxtrot} revisions: it was to be left alone`)
  } finally {
    await run('canary sandbox stop')
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(
    `\n${chalk.green('✔')} echo went from v1 to v2, every stage proven, foxtrot untouched (one revision): ${seconds} s`,
  )
}

async function run(command: string): Promise<void> {
  say(command)
  const [, ...args] = command.split(' ')
  await execa('node', [canary, ...args], { env, stdio: ['ignore', 'inherit', 'inherit'] })
}

async function revisions(app: string): Promise<number> {
  const { stdout } = await execa('helm', ['history', app, '-n', app, '-o', 'json'], { env })
  return (JSON.parse(stdout) as unknown[]).length
}

function say(command: string): void {
  console.log(`\n${chalk.bold(`$ ${command}`)}`)
}

/** On linux-x64 helm and kubectl come with the development dependencies; elsewhere they have to be on PATH. */
async function requireTools(): Promise<void> {
  if (await toolsFolder(4)) return
  for (const tool of ['helm', 'kubectl']) {
    const { failed } = await execa(tool, ['version', '--client'], { env, reject: false })
    if (failed)
      throw new Error(`The demo needs ${tool} on PATH on this platform (Helm 3.8 or newer, any kubectl).`)
  }
}

try {
  await main()
} catch (error) {
  console.error(`\n${chalk.red('✖')} ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  await rm(home, { recursive: true, force: true })
}
