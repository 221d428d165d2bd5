import { canaryCommand, commented, type NamedCluster, withNamedCluster } from '../../model/command-line.js'
import type { RunResult, AppPlan } from '../../model/results/run.js'
import { CanaryError } from '../../model/errors.js'
import type { SummaryApp } from '../../report/ci/ci-summary.js'
import { listed, runHeadLines } from '../../report/text/run-text.js'
import { resultOf } from '../../runbook/run/run-result.js'
import { planRun, refusalOf } from '../../runbook/run/plan.js'
import { run } from '../../runbook/run/run.js'
import type { Runbook } from '../../runbook/runbook.js'
import type { Output } from '../output/output.js'
import type { RunRequest } from './run-request.js'
import { openRunSession, type RunSession, type RunWiring } from './run-session.js'

/** Where each app is in the steps, and its next change in full. Changes nothing. */
export async function planRunbook(
  request: RunRequest,
  wiring: RunWiring,
): Promise<{ apps: AppPlan[]; configFile?: string }> {
  const session = await openRunSession(request, wiring, { quiet: true })
  const { of, configFile } = session
  try {
    const apps = await planRun(request.runbook, { of, only: request.only, inFull: true })
    return { apps, configFile }
  } catch (error) {
    throw session.failed(error)
  } finally {
    await session.close()
  }
}

/**
 * Runs a runbook: reads where all its apps are, asks on a terminal, and continues from there. Throws CanaryError: before
 * anything is changed, if the state of an app does not match the steps; with the worst outcome of its apps, unless all
 * reached their goal.
 */
export async function runRunbook(
  request: RunRequest,
  wiring: RunWiring,
): Promise<RunResult & { journal?: string; configFile?: string }> {
  const { output } = wiring
  const session = await openRunSession(request, wiring, { quiet: false })
  try {
    const plans = await takeUp(request, output, session)
    await agree(session, plans, request)
    return await execute(request, output, session)
  } catch (error) {
    throw session.failed(error)
  } finally {
    await session.close()
  }
}

/** Reads and shows where the apps are. Throws CanaryError if the run refuses one of them. */
async function takeUp(
  { runbook, identity, only }: RunRequest,
  { stderrPalette }: Output,
  { of, terminal, ci }: RunSession,
): Promise<AppPlan[]> {
  const { name: run, id: runId } = identity
  const plans = await planRun(runbook, { of, only, inFull: false })
  for (const line of runHeadLines({ run, runId, plans }, stderrPalette)) terminal.line(line)
  const refused = refusedApps(plans, run, (plan) => placeOf(runbook, plan, of))
  if (!refused) return plans
  ci?.failed(refused)
  ci?.ended({ run, runId, apps: plans.flatMap(stuckApp), next: refused.nextSteps })
  throw refused
}

async function execute(
  { runbook, identity, only }: RunRequest,
  { stderrPalette }: Output,
  session: RunSession,
): Promise<RunResult & { journal?: string; configFile?: string }> {
  const { journal, ci, terminal, configFile } = session
  const { name, id: runId, command } = identity
  journal?.begin({ run: name, command, file: runbook.file, vars: shownVars(runbook) })
  const outcomes = await run(runbook, { ...session, only: only && new Set(only) })
  const ended = (next: string[]) => ci?.ended({ run: name, runId, apps: outcomes, next })
  try {
    const result = resultOf(identity, outcomes)
    journal?.end({ outcome: 'done' })
    ended(result.next === undefined ? [] : [result.next])
    return { ...result, journal: journal?.file, configFile }
  } catch (error) {
    ended(error instanceof CanaryError ? error.nextSteps : [])
    if (journal) terminal.line(stderrPalette.dim(`  journal  ${journal.file}`))
    journal?.end({
      outcome: error instanceof CanaryError ? error.outcome : 'bug',
      message: (error as Error).message,
    })
    throw error
  }
}

/** Values from the environment may be secret, short ones too. */
function shownVars({ vars, exported }: Runbook): Record<string, string> {
  return { ...vars, ...Object.fromEntries(exported.map((name) => [name, '***'])) }
}

function stuckApp({ app, cluster, conflict: message, refusal = 'conflict' }: AppPlan): SummaryApp[] {
  return message === undefined ? [] : [{ app, cluster, outcome: refusal, message }]
}

/** Where an app is, as commands to be pasted name it. */
interface Place {
  cluster: NamedCluster
  namespace?: string
}

function placeOf(runbook: Runbook, { app, cluster }: AppPlan, of: RunSession['of']): Place {
  return of(
    app,
    runbook.clusters.find(({ name }) => name === cluster)!,
  )
}

/** The error for the apps that a run refuses; undefined if it refuses none. */
function refusedApps(
  plans: AppPlan[],
  name: string,
  placeOf: (plan: AppPlan) => Place,
): CanaryError | undefined {
  const stuck = plans.filter(({ conflict }) => conflict !== undefined)
  if (stuck.length === 0) return undefined
  const apps = stuck.map(({ app, cluster }) => (cluster === undefined ? app : `${cluster}/${app}`))
  const refusal = refusalOf(stuck) ?? 'conflict'
  const whose = apps.length === 1 ? 'its state does' : 'their states do'
  const message =
    refusal === 'usage'
      ? `Cannot run ${name} for ${apps.join(', ')}.`
      : `Cannot resume ${apps.join(', ')}: ${whose} not match the runbook.`
  return new CanaryError(refusal, message, {
    state: 'Nothing was changed.',
    details: stuck.map(({ conflict }, index) => `${apps[index]}: ${conflict}`),
    nextSteps: stuck.flatMap((plan) => {
      const { cluster, namespace } = placeOf(plan)
      return withNamedCluster(cluster, () => remediesFor(plan, namespace))
    }),
  })
}

function remediesFor({ app, stage, refusal }: AppPlan, namespace?: string): string[] {
  if (refusal === 'usage') return []
  const place = { app, namespace }
  if (stage?.name === 'absent') {
    return [
      commented(
        canaryCommand(['install', app, 'VERSION'], place),
        'or begin the runbook with an install step',
      ),
      commented(canaryCommand(['status']), 'lists apps'),
    ]
  }
  return [
    canaryCommand(['status', app], place),
    commented(canaryCommand(['abort', app], place), 'rolls back the rollout under way'),
  ]
}

/** Asks once before everything that follows; not off a terminal or if nothing is left to do. */
async function agree(
  { ask }: RunSession,
  plans: AppPlan[],
  { identity: { command }, parsed }: RunRequest,
): Promise<void> {
  const open = plans.filter(({ steps }) => steps.some(({ met, beyond }) => !met && !beyond))
  if (parsed.flags.yes || !ask || open.length === 0) return
  const [first] = open
  const left = first!.steps.flatMap(({ met, beyond, title }) => (met || beyond ? [] : [title]))
  const apps = open.length === 1 ? `${first!.app}: ${listed(left)}` : `${open.length} apps`
  if (await ask(`Run ${apps}?`)) return
  throw new CanaryError('interrupted', 'Cancelled.', {
    state: 'Nothing was changed.',
    nextSteps: [
      commented(`${command} --yes`, 'without asking'),
      commented(`${command} --dry-run`, 'shows what it would do'),
    ],
  })
}
