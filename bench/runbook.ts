import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import { run as runNode } from './measure.js'

const APPS = 100
const PARALLEL = 8

/** One call of helm: its arguments, and what it was given on stdin. */
interface Call {
  args: string[]
  input: string
}

/**
 * A wave of 100 apps, 8 at a time: start, half of the requests, all of them, finish. Against the very helm calls of such a run,
 * by themselves, as many at a time. Everything on one machine: helm, the cluster, the proxy, the pods and the prober.
 */
export async function waveOfApps(
  row: (what: string, figure: string, baseline?: string) => void,
  { canary, chart, home, env }: { canary: string; chart: string; home: string; env: Record<string, string> },
): Promise<void> {
  const state = { ...env, XDG_STATE_HOME: path.join(home, 'wave') }
  await execa(process.execPath, [canary, 'sandbox', 'start', '--while-pid', String(process.pid)], {
    env: state,
  })
  const kubeconfig = path.join(home, 'wave', 'canary', 'sandbox', 'kubeconfig')
  const here = { ...state, KUBECONFIG: kubeconfig, CANARY_PROBE_RATE: '0' }
  const apps = Array.from({ length: APPS }, (_, index) => `app-${index + 1}`)
  try {
    const files = { install: path.join(home, 'install.yaml'), wave: path.join(home, 'wave.yaml') }
    await writeFile(files.install, runbook(apps, ['install: v1']))
    await writeFile(files.wave, runbook(apps, ['start: ${to}', 'shift: 50', 'shift: 100', 'finish']))
    const rollOut = (to: string, more: Record<string, string> = {}) =>
      runNode([canary, 'run', files.wave, '--var', `to=${to}`], { ...here, ...more })

    await runNode([canary, 'run', files.install, '--yes'], here)
    const calls = await recorded(home, here, (PATH) => rollOut('v2', { PATH }))
    const alone = await replay(calls, chart, here)
    const proven = await rollOut('v4')
    const usual = await rollOut('v5', { CANARY_PROBE_RATE: '250' })
    const baseline = `its ${calls.flat().length} helm calls alone (${alone.toFixed(0)} s)`
    row(
      `a wave of ${APPS} apps, ${PARALLEL} at a time: time`,
      `${(usual.wall / alone).toFixed(2)}×`,
      baseline,
    )
    row(
      'the same, probes as fast as they go: time',
      `${(proven.wall / alone).toFixed(2)}×`,
      `${baseline}, aim 1.3×`,
    )
    row(
      'the same: CPU of canary by itself',
      `${proven.cpu.toFixed(0)} s`,
      `${(proven.cpu / APPS).toFixed(2)} s an app`,
    )
    row('the same: most memory', `${Math.max(proven.mb, usual.mb).toFixed(0)} MB`, 'aim 300 MB')
  } finally {
    await execa(process.execPath, [canary, 'sandbox', 'stop'], { env: state })
  }
}

function runbook(apps: string[], steps: string[]): string {
  return [
    'apiVersion: canary/v1',
    'kind: Runbook',
    'vars: { to: { default: v1 } }',
    `waves: [{ apps: [${apps.join(', ')}], parallel: ${PARALLEL} }]`,
    `apps: { ${apps.map((app) => `${app}: {}`).join(', ')} }`,
    'steps:',
    ...steps.map((step) => `  - ${step}`),
    '',
  ].join('\n')
}

/** The calls of helm that are made meanwhile, of each app in their order. */
async function recorded(
  home: string,
  env: Record<string, string>,
  work: (path: string) => Promise<unknown>,
): Promise<Call[][]> {
  const [folder, log] = [path.join(home, 'recorder'), path.join(home, 'calls')]
  await Promise.all([folder, log].map((one) => mkdir(one)))
  const { stdout: helm } = await execa('sh', ['-c', 'command -v helm'], { env })
  const script = `#!/bin/sh
call=${log}/$(date +%s%N)-$$
printf '%s\\0' "$@" > "$call.args"
cat > "$call.in"
exec ${helm} "$@" < "$call.in"
`
  await writeFile(path.join(folder, 'helm'), script)
  await chmod(path.join(folder, 'helm'), 0o755)
  await work(`${folder}:${env.PATH}`)
  const names = (await readdir(log)).filter((name) => name.endsWith('.args')).sort()
  const ofApps = new Map<string, Call[]>()
  for (const name of names) {
    const args = (await readFile(path.join(log, name), 'utf8')).split('\0').slice(0, -1)
    if (args[0] === 'version') continue
    const input = await readFile(path.join(log, name.replace(/args$/, 'in')), 'utf8')
    ofApps.set(args[1]!, [...(ofApps.get(args[1]!) ?? []), { args, input }])
  }
  return [...ofApps.values()]
}

/** Makes the calls once more, a version on; seconds. */
async function replay(calls: Call[][], chart: string, env: Record<string, string>): Promise<number> {
  const onwards = (text: string) => text.replace(/\bv2\b/g, 'v3').replace(/\bv1\b/g, 'v2')
  const waiting = [...calls]
  const started = performance.now()
  const next = async () => {
    for (let ofApp = waiting.shift(); ofApp; ofApp = waiting.shift()) {
      for (const { args, input } of ofApp) {
        const [verb, app, , ...rest] = args
        await execa('helm', [verb!, app!, chart, ...rest.map(onwards)], { env, input: onwards(input) })
      }
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, next))
  return (performance.now() - started) / 1000
}
