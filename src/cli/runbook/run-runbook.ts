import { canaryCommand, commented } from '../../model/command-line.js'
import type { RunResult, AppPlan } from '../../model/results/run.js'
import { CanaryError } from '../../model/errors.js'
import type { SummaryApp } from '../../report/ci/ci-summary.js'
import { listed, runHeadLines } from '../../report/text/run-text.js'
import { resultOf } from '../../runbook/run/run-result.js'
import { planRun, refusalOf } from '../../runbook/run/plan.js'
import { run } from '../../runbook/run/run.js'
import type { Runbook } from '../../runbook/runbook.js'
import type { Output } from '../output/output.js'
import { type RunRequest, type RunWorld, withRunWorld } from './run-world.js'

/** Where each app is in the steps, and its next change in full. Changes nothing. */
export function planRunbook(
  request: RunRequest,
  output: Output,
  version: string,
): Promise<{ apps: AppPlan[]; configFile?: string }> {
  return withRunWorld(request, output, { version, quiet: true }, async ({ of, configFile }) => ({
    apps: await planRun(request.runbook, { of, only: request.only, inFull: true }),
    configFile,
  }))
}

/**
 * Runs a runbook: reads where all its apps are, asks on a terminal, and continues from there. Throws CanaryError: before
 * anything is changed, if the state of an app does not match the steps; with the worst outcome of its apps, unless all
 * reached their goal.
 */
export function runRunbook(
  request: RunRequest,
  output: Output,
  version: string,
): Promise<RunResult & { journal?: string; configFile?: string }> {
  const { runbook, identity, parsed } = request
  return withRunWorld(request, output, { version, quiet: false }, async (world) => {
    const plans = await planRun(runbook, { of: world.of, only: request.only, inFull: false })
    for (const line of runHeadLines({ run: identity.name, runId: identity.id, plans }, output.stderrPalette))
      world.terminal.say(line)
    try {
      requireRunnable(plans, identity.name)
    } catch (error) {
      if (error instanceof CanaryError) {
        world.ci?.failed(error)
        world.ci?.ended({
          run: identity.name,
          runId: identity.id,
          apps: plans.flatMap(stuckApp),
          next: error.nextSteps,
        })
      }
      throw error
    }
    await agree(world, plans, identity.command, parsed.flags.yes ?? false)
    const { journal } = world
    journal?.begin({
      run: identity.name,
      command: identity.command,
      file: runbook.file,
      vars: shownVars(runbook),
    })
    const outcomes = await run(runbook, { ...world, only: request.only && new Set(request.only) })
    const ended = (next: string[]) =>
      world.ci?.ended({ run: identity.name, runId: identity.id, apps: outcomes, next })
    try {
      const result = resultOf(identity, outcomes)
      journal?.end({ outcome: 'done' })
      ended(result.next === undefined ? [] : [result.next])
      return { ...result, journal: journal?.file, configFile: world.configFile }
    } catch (error) {
      ended(error instanceof CanaryError ? error.nextSteps : [])
      if (journal) world.terminal.say(output.stderrPalette.dim(`  journal  ${journal.file}`))
      journal?.end({
        outcome: error instanceof CanaryError ? error.outcome : 'bug',
        message: (error as Error).message,
      })
      throw error
    }
  })
}

/** Values from the environment may be secret, short ones too. */
function shownVars({ vars, exported }: Runbook): Record<string, string> {
  return { ...vars, ...Object.fromEntries(exported.map((name) => [name, '***'])) }
}

function stuckApp({ app, cluster, conflict: message, refusal = 'conflict' }: AppPlan): SummaryApp[] {
  return message === undefined ? [] : [{ app, cluster, outcome: refusal, message }]
}

/** Throws CanaryError if a run refuses an app. */
function requireRunnable(plans: AppPlan[], name: string): void {
  const stuck = plans.filter(({ conflict }) => conflict !== undefined)
  if (stuck.length === 0) return
  const apps = stuck.map(({ app, cluster }) => (cluster === undefined ? app : `${cluster}/${app}`))
  const refusal = refusalOf(stuck) ?? 'conflict'
  const whose = apps.length === 1 ? 'its state does' : 'their states do'
  const message =
    refusal === 'usage'
      ? `Cannot run ${name} for ${apps.join(', ')}.`
      : `Cannot resume ${apps.join(', ')}: ${whose} not match the runbook.`
  throw new CanaryError(refusal, message, {
    state: 'Nothing was changed.',
    details: stuck.map(({ conflict }, index) => `${apps[index]}: ${conflict}`),
    nextSteps: stuck.flatMap(({ app, stage, refusal }) =>
      refusal === 'usage'
        ? []
        : stage?.name === 'absent'
          ? [
              commented(
                canaryCommand(['install', app, 'VERSION']),
                'or begin the runbook with an install step',
              ),
              commented(canaryCommand(['status']), 'lists apps'),
            ]
          : [
              canaryCommand(['status', app]),
              commented(canaryCommand(['abort', app]), 'rolls back the rollout under way'),
            ],
    ),
  })
}

/** Asks once before everything that follows; not off a terminal or if nothing is left to do. */
async function agree(
  { terminal }: RunWorld,
  plans: AppPlan[],
  command: string,
  isAgreed: boolean,
): Promise<void> {
  const open = plans.filter(({ steps }) => steps.some(({ met, beyond }) => !met && !beyond))
  if (isAgreed || !terminal.ask || open.length === 0) return
  const [first] = open
  const left = first!.steps.flatMap(({ met, beyond, title }) => (met || beyond ? [] : [title]))
  const apps = open.length === 1 ? `${first!.app}: ${listed(left)}` : `${open.length} apps`
  if (await terminal.ask(`Run ${apps}?`)) return
  throw new CanaryError('interrupted', 'Cancelled.', {
    state: 'Nothing was changed.',
    nextSteps: [
      commented(`${command} --yes`, 'without asking'),
      commented(`${command} --dry-run`, 'shows what it would do'),
    ],
  })
}
