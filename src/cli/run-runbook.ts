import { createHash } from 'node:crypto'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../cluster/cluster.js'
import { CanaryError } from '../model/errors.js'
import { EXIT_CODES, type Outcome } from '../model/exit-codes.js'
import type { RunEvent } from '../model/run-events.js'
import { RunLines } from '../report/run-lines.js'
import { withoutControls } from '../report/terminal-text.js'
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

/**
 * Runs a runbook: clusters, verifier and journal are opened for it and closed, whatever happens. Throws CanaryError with the
 * worst outcome of its apps where not all are done.
 */
export async function runRunbook(
  request: RunRequest,
  output: Output,
  version: string,
  warn: (message: string) => void,
): Promise<RunResult> {
  const { runbook, parsed } = request
  const [{ openCluster }, { createVerifier }, { runCommand }, { run }] = await Promise.all([
    import('../cluster/open-cluster.js'),
    import('../verification/prove.js'),
    import('../cluster/run-command.js'),
    import('../runbook/run.js'),
  ])
  const { secrets, stderrPalette } = output
  const clean = (text: string) => withoutControls(secrets.maskText(text))
  const say = (text: string) => process.stderr.write(`${clean(text)}\n`)
  const signals = watchSignals(say, {
    first: () => 'Stopping once what helm does has ended; a second time stops at once.',
    second: () => 'Stopped at once. The same command goes on where each app is.',
  })
  const { signal } = signals
  const ask = asker(
    { input: process.stdin, output: process.stderr },
    { signal, pause: () => undefined, clean },
  )
  const lines = new RunLines(
    stderrPalette,
    runbook.clusters.flatMap(({ name }) =>
      runbook.waves.flatMap(({ apps }) =>
        apps.map((app) => ({ app: app.name, ...(name === undefined ? {} : { cluster: name }) })),
      ),
    ),
  )
  const emit = (event: RunEvent) => {
    if (event.type === 'operation' && event.event.type === 'warning') warn(event.event.message)
    for (const line of lines.tell(event)) say(line)
  }
  const clusters = new Map<string, Cluster>()
  const name = path.basename(runbook.file).replace(/\.ya?ml$/, '')
  const identity = { name, id: idOf(runbook) }
  const folder = path.dirname(runbook.file)
  const appsByName = new Map(runbook.waves.flatMap(({ apps }) => apps.map((app) => [app.name, app] as const)))
  const settingsOf = async (app: string, cluster: RunbookCluster) => {
    const own = appsByName.get(app)?.settings[cluster.name ?? ''] ?? {}
    const settings = await resolveSettings(app, parsed, { cwd: process.cwd(), env: process.env }, own)
    const { context = settings.kubeContext, kubeconfig = settings.kubeconfig } = cluster
    return { ...settings, kubeContext: context, kubeconfig, onFailure: runbook.onFailure }
  }
  try {
    const outcomes = await run(runbook, {
      emit,
      signal,
      only: request.only && new Set(request.only),
      of: async (app, cluster) => {
        const settings = await settingsOf(app, cluster)
        const { kubeconfig, kubeContext } = settings
        const key = JSON.stringify([kubeconfig, kubeContext])
        const opened = clusters.get(key) ?? openCluster({ kubeconfig, kubeContext, signal, secrets })
        clusters.set(key, opened)
        const where = { app, ...(cluster.name === undefined ? {} : { cluster: cluster.name }) }
        const context = operationContext(settings, {
          cluster: opened,
          verifier: createVerifier(),
          emit: (event) => emit({ ...where, type: 'operation', event }),
          signal,
          secrets,
          version,
          ask,
        })
        return {
          context,
          emit,
          namespace: settings.namespace,
          runbook: identity,
          pathOf: (file) => path.resolve(folder, file),
          comparisonMs: settings.durationMs,
          runCommand,
          approved: new Set(request.approve),
          noWait: request.noWait,
          until: request.until,
          now: Date.now,
          sleep: (ms, by) => sleep(ms, undefined, { signal: by }),
        }
      },
    })
    return resultOf(identity, outcomes)
  } finally {
    signals.dispose()
    await Promise.all([...clusters.values()].map((cluster) => cluster.close()))
  }
}

function resultOf(runbook: { name: string; id: string }, outcomes: AppOutcome[]): RunResult {
  const apps = outcomes.map(({ error: _error, ...rest }) => rest)
  const failed = outcomes.flatMap(({ error }) => error ?? [])
  const worst = WORST.find((outcome) => failed.some((error) => error.outcome === outcome))
  if (worst === undefined) return { runbook: runbook.name, runId: runbook.id, apps }
  const first = failed.find(({ outcome }) => outcome === worst)!
  const done = apps.filter(({ outcome }) => outcome === 'done').length
  throw new CanaryError(worst, `${done} of ${apps.length} apps are done: ${first.message}`, {
    state: first.state,
    details: [
      ...first.details,
      ...apps.map(({ app, cluster, outcome }) => `${cluster ? `${cluster}/` : ''}${app}: ${wordOf(outcome)}`),
    ],
    nextSteps: [...first.nextSteps, 'the same command again goes on where each app is'],
    evidence: { runbook: runbook.name, runId: runbook.id, apps },
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
