import { createHash } from 'node:crypto'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../cluster/cluster.js'
import { CanaryError } from '../model/errors.js'
import { EXIT_CODES, type Outcome } from '../model/exit-codes.js'
import type { RunApp, RunEvent } from '../model/run-events.js'
import { RunLines } from '../report/run-lines.js'
import { withoutControls } from '../report/terminal-text.js'
import type { AppSurroundings } from '../runbook/app-run.js'
import type { Journal } from '../runbook/journal.js'
import type { AppPlan } from '../runbook/plan.js'
import type { AppOutcome } from '../runbook/run.js'
import type { Runbook, RunbookCluster } from '../runbook/runbook.js'
import { operationContext } from './operation-context.js'
import type { Output } from './output.js'
import { asker } from './prompt.js'
import { type ParsedFlags, resolveSettings } from './settings.js'
import { watchSignals } from './signals.js'

export interface RunRequest {
  runbook: Runbook
  only?: string[]
  until?: string
  approve: string[]
  noWait: boolean
  parsed: ParsedFlags
}

/** What a run came to. */
export interface RunResult {
  runbook: string
  runId: string
  apps: Omit<AppOutcome, 'error'>[]
}

/** Which of several outcomes is the run's: what needs a person first. */
const WORST: Outcome[] = [
  'bug',
  'stuck',
  'interrupted',
  'terminated',
  'failed',
  'wentBack',
  'external',
  'conflict',
  'usage',
  'inconclusive',
  'busy',
  'waiting',
]

/** What a run has opened: one cluster for each context, the lines on the terminal, the journal. */
interface Opened {
  emit: (event: RunEvent) => void
  signal: AbortSignal
  identity: { name: string; id: string }
  of: (app: string, cluster: RunbookCluster) => Promise<AppSurroundings>
}

/** Where each app is in the steps, changing nothing. */
export function planRunbook(request: RunRequest, output: Output, version: string): Promise<AppPlan[]> {
  return opened(request, output, version, async ({ of }) => {
    const { planApp } = await import('../runbook/plan.js')
    const { runbook, only } = request
    const plans: AppPlan[] = []
    for (const cluster of runbook.clusters) {
      for (const { name: wave, apps } of runbook.waves) {
        for (const { name: app } of apps.filter(({ name }) => only?.includes(name) ?? true)) {
          const { context, namespace } = await of(app, cluster)
          plans.push(await planApp(runbook, cluster, wave, { app, namespace }, context))
        }
      }
    }
    return plans
  })
}

/** Runs a runbook. Throws CanaryError with the worst outcome of its apps where not all are done. */
export function runRunbook(request: RunRequest, output: Output, version: string): Promise<RunResult> {
  return opened(request, output, version, async ({ emit, signal, identity, of }) => {
    const { run } = await import('../runbook/run.js')
    const only = request.only && new Set(request.only)
    return resultOf(identity, await run(request.runbook, { emit, signal, of, only }))
  })
}

/** Opens what the runbook needs for as long as the work takes, and closes it, whatever happens. */
async function opened<T>(
  request: RunRequest,
  output: Output,
  version: string,
  work: (parts: Opened) => Promise<T>,
): Promise<T> {
  const { runbook, parsed, until, noWait, approve } = request
  const [{ openCluster }, { createVerifier }, { runCommand }] = await Promise.all([
    import('../cluster/open-cluster.js'),
    import('../verification/prove.js'),
    import('../cluster/run-command.js'),
  ])
  const { secrets } = output
  const clean = (text: string) => withoutControls(secrets.maskText(text))
  const say = (text: string) => void process.stderr.write(`${clean(text)}\n`)
  const signals = watchSignals(say, {
    first: () => 'Stopping once what helm does has ended; a second time stops at once.',
    second: () => 'Stopped at once. The same command goes on where each app is.',
  })
  const { signal } = signals
  const around = { signal, pause: () => undefined, clean }
  const ask = asker({ input: process.stdin, output: process.stderr }, around)
  const name = path.basename(runbook.file).replace(/\.ya?ml$/, '')
  const identity = { name, id: idOf(runbook) }
  const folder = path.dirname(runbook.file)
  const apps = new Map(runbook.waves.flatMap((wave) => wave.apps.map((app) => [app.name, app] as const)))
  const settingsOf = async (app: string, cluster: RunbookCluster) => {
    const own = apps.get(app)?.settings[cluster.name ?? ''] ?? {}
    const settings = await resolveSettings(app, parsed, { cwd: process.cwd(), env: process.env }, own)
    const { context = settings.kubeContext, kubeconfig = settings.kubeconfig } = cluster
    return { ...settings, kubeContext: context, kubeconfig, onFailure: runbook.onFailure }
  }
  const lines = new RunLines(output.stderrPalette, [...places(runbook)])
  const { events } = await resolveSettings(undefined, parsed, { cwd: process.cwd(), env: process.env })
  const journal = await journalOf(events, identity.id, output, say)
  const emit = (event: RunEvent) => {
    journal?.(event)
    for (const line of lines.tell(event)) say(line)
  }
  const clusters = new Map<string, Cluster>()
  const of = async (app: string, cluster: RunbookCluster): Promise<AppSurroundings> => {
    const settings = await settingsOf(app, cluster)
    const { kubeconfig, kubeContext, namespace, durationMs } = settings
    const key = JSON.stringify([kubeconfig, kubeContext])
    const there = clusters.get(key) ?? openCluster({ kubeconfig, kubeContext, signal, secrets })
    clusters.set(key, there)
    const where = { app, ...(cluster.name === undefined ? {} : { cluster: cluster.name }) }
    const parts = { cluster: there, verifier: createVerifier(), signal, secrets, version, ask }
    return {
      context: operationContext(settings, {
        ...parts,
        emit: (event) => emit({ ...where, type: 'operation', event }),
      }),
      emit,
      namespace,
      runbook: identity,
      pathOf: (file) => path.resolve(folder, file),
      comparisonMs: durationMs,
      runCommand,
      approved: new Set(approve),
      noWait,
      until,
      now: Date.now,
      sleep: (ms, by) => sleep(ms, undefined, { signal: by }),
    }
  }
  try {
    return await work({ emit, signal, identity, of })
  } finally {
    signals.dispose()
    await Promise.all([...clusters.values()].map((cluster) => cluster.close()))
  }
}

/** Every app in every cluster, as lines and journal name it. */
function* places({ clusters, waves }: Runbook): Generator<RunApp> {
  for (const { name: cluster } of clusters) {
    for (const { apps } of waves)
      for (const { name: app } of apps) yield { app, ...(cluster === undefined ? {} : { cluster }) }
  }
}

/** Writes what happens to the file, where there is to be one; each line with the step that its app is in. */
async function journalOf(
  file: string | undefined,
  runId: string,
  { secrets }: Output,
  failed: (message: string) => void,
): Promise<((event: RunEvent) => void) | undefined> {
  if (file === undefined) return undefined
  const [{ Journal: Opened }, { journalFields }] = await Promise.all([
    import('../runbook/journal.js'),
    import('../runbook/journal-line.js'),
  ])
  const journal: Journal = Opened.open(file, (line) => secrets.mask(line), failed)
  const steps = new Map<string, string>()
  return (event) => {
    if (event.type === 'wave-started') {
      const { type, ...fields } = event
      return journal.write({ runId, type }, fields)
    }
    const { type, app, cluster, ...fields } = event
    const key = JSON.stringify([cluster, app])
    if (event.type === 'run-step') steps.set(key, event.step.id)
    const head = { runId, app, ...(cluster === undefined ? {} : { cluster }) }
    const of = steps.has(key) ? { runStep: steps.get(key) } : {}
    if (event.type !== 'operation') return journal.write({ ...head, type }, { ...of, ...fields })
    const kept = journalFields(event.event)
    if (kept) journal.write({ ...head, type: kept.type }, { ...of, ...kept })
  }
}

function resultOf(runbook: { name: string; id: string }, outcomes: AppOutcome[]): RunResult {
  const apps = outcomes.map(({ error: _error, ...rest }) => rest)
  const failed = outcomes.flatMap(({ error }) => error ?? [])
  const worst = WORST.find((outcome) => failed.some((error) => error.outcome === outcome))
  if (worst === undefined) return { runbook: runbook.name, runId: runbook.id, apps }
  const first = failed.find(({ outcome }) => outcome === worst)!
  const done = apps.filter(({ outcome }) => outcome === 'done').length
  const nameOf = ({ app, cluster }: RunApp) => (cluster === undefined ? app : `${cluster}/${app}`)
  throw new CanaryError(worst, `${done} of ${apps.length} apps are done. ${first.message}`, {
    state: first.state,
    details: [
      ...first.details,
      ...(apps.length > 1 ? apps.map((one) => `${nameOf(one)}: ${wordOf(one.outcome)}`) : []),
    ],
    nextSteps: [...first.nextSteps, 'the same command again goes on where each app is'],
    evidence: { runbook: runbook.name, runId: runbook.id, apps, ...first.evidence },
    cause: first,
  })
}

function wordOf(outcome: AppOutcome['outcome']): string {
  return outcome === 'left out' ? 'not begun' : `${outcome} (exit ${EXIT_CODES[outcome].code})`
}

/** Stands for all that the runbook does: where it is written in the file makes no difference. */
function idOf({ vars, waves, steps }: Runbook): string {
  const text = JSON.stringify([vars, waves, steps], (key, value: unknown) =>
    key === 'position' ? undefined : value,
  )
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
