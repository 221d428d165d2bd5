/**
 * `npm run bench`: the figures of README and docs, each as a ratio against a baseline of the same run; `npm run bench -- wave`
 * those of a runbook alone.
 * Needs a build (`npm run build`), bash, and real helm and kubectl (they come with the development dependencies on linux-x64).
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { pathWithTools } from '../scripts/tools.js'
import { startSandbox } from '../src/sandbox/sandbox.js'
import { masking } from './masking.js'
import { inPairs, median, run as runNode, type Run, time } from './measure.js'
import { checks, prober } from './probing.js'
import { waveOfApps } from './runbook.js'

const file = (relative: string) => fileURLToPath(new URL(`../${relative}`, import.meta.url))
const canary = file('bin/run.js')
const home = await mkdtemp(path.join(tmpdir(), 'canary-bench-'))
const env: Record<string, string> = {
  PATH: await pathWithTools(4),
  HOME: home,
  KUBECACHEDIR: path.join(home, 'kube-cache'),
  XDG_STATE_HOME: path.join(home, 'state'),
  KUBECONFIG: path.join(home, 'kubeconfig'),
}

function row(what: string, figure: string, baseline = ''): void {
  console.log(`${what.padEnd(52)} ${figure.padStart(14)}   ${baseline}`)
}

async function startUp(): Promise<void> {
  const run = (args: string[]) => time(process.execPath, args, env)
  const bare = ['-e', '0']
  const version = await inPairs(
    15,
    () => run([canary, '--version']),
    () => run(bare),
  )
  const cpu = (runs: Run[]) => median(runs.map((entry) => entry.cpu))
  row(
    'canary --version: CPU',
    `${(cpu(version.a) / cpu(version.b)).toFixed(2)}×`,
    `bare node -e 0 (${(cpu(version.b) * 1000).toFixed(0)} ms)`,
  )
  const status = await inPairs(
    9,
    () => run([canary, 'status', 'echo']),
    () => run(bare),
  )
  row(
    'canary status echo: CPU, kubectl included',
    `${(cpu(status.a) / cpu(status.b)).toFixed(2)}×`,
    `bare node -e 0 (${(cpu(status.b) * 1000).toFixed(0)} ms)`,
  )
}

async function ownCost(): Promise<void> {
  for (const args of [
    ['status', 'echo'],
    ['verify', 'echo'],
    ['shift', 'echo', '20'],
  ]) {
    row(
      `canary ${args.join(' ')}: own CPU`,
      `${(await runNode([canary, ...args], env)).cpu.toFixed(2)} s`,
      'aim 0.5 s',
    )
  }
}

/** The six steps by canary and by the hand-written script, each on a sandbox of its own, in turn. */
async function sixSteps(): Promise<void> {
  const byCanary = (rate: string) => () =>
    onFreshSandbox(async () => {
      for (const args of [
        ['install', 'echo', 'v1', '--with-virtual-service'],
        ['install', 'foxtrot', 'v1'],
        ['start', 'echo', 'v2'],
        ['shift', 'echo', '50'],
        ['shift', 'echo', '100'],
        ['finish', 'echo', 'v2'],
      ]) {
        await execa(process.execPath, [canary, ...args], { env: { ...env, CANARY_PROBE_RATE: rate } })
      }
    })
  const byHand = async () =>
    onFreshSandbox(async () => {
      await execa(file('test/e2e/seed-procedure.sh'), [file('chart'), file('test/chart/fixtures')], { env })
    })
  for (const [rate, what] of [
    ['250', 'the six steps by canary, proven, 250 probes/s: time'],
    ['0', 'the same, probes as fast as they go: time'],
  ] as const) {
    const { a, b } = await inPairs(3, byCanary(rate), byHand)
    row(
      what,
      `${(median(a) / median(b)).toFixed(2)}×`,
      `by hand with helm and curl (${median(b).toFixed(1)} s)`,
    )
  }
}

async function onFreshSandbox(work: () => Promise<void>): Promise<number> {
  const sandbox = await startSandbox()
  try {
    await writeFile(env.KUBECONFIG!, sandbox.kubeconfig)
    await rm(env.KUBECACHEDIR!, { recursive: true, force: true })
    const started = performance.now()
    await work()
    return (performance.now() - started) / 1000
  } finally {
    await sandbox.close()
  }
}

async function sandboxBoot(): Promise<void> {
  const boots: number[] = []
  let memory = 0
  for (let round = 0; round < 5; round += 1) {
    const started = performance.now()
    await execa(process.execPath, [canary, 'sandbox', 'start', '--while-pid', String(process.pid)], { env })
    boots.push((performance.now() - started) / 1000)
    const { stdout } = await execa(process.execPath, [canary, 'sandbox', 'status', '--json'], { env })
    const { pid } = JSON.parse(stdout) as { pid: number }
    const procfs = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    memory = Math.max(memory, Number(/VmRSS:\s+(\d+)/.exec(procfs)?.[1] ?? NaN) / 1024)
    await execa(process.execPath, [canary, 'sandbox', 'stop'], { env })
  }
  row('canary sandbox start, until it serves', `${median(boots).toFixed(2)} s`, 'aim 0.5 s')
  row('memory of the sandbox, just started', `${memory.toFixed(0)} MB`, 'aim 150 MB')
}

async function commands(): Promise<void> {
  const sandbox = await startSandbox()
  await writeFile(env.KUBECONFIG!, sandbox.kubeconfig)
  for (const args of [
    ['install', 'echo', 'v1', '--with-virtual-service'],
    ['start', 'echo', 'v2'],
  ]) {
    await execa(process.execPath, [canary, ...args], { env })
  }
  await startUp()
  await ownCost()
  for (const weight of [0, 50, 100]) {
    await execa(process.execPath, [canary, 'shift', 'echo', String(weight)], { env })
    await checks(row, sandbox.proxyUrl, weight / 100)
  }
  await sandbox.close()
  await sixSteps()
  await sandboxBoot()
  await prober(row)
  await masking(row)
}

try {
  if (process.argv[2] !== 'wave') await commands()
  await waveOfApps(row, { canary, chart: file('chart'), home, env })
} finally {
  await rm(home, { recursive: true, force: true })
}
