import { canaryCommand, commented } from '../../model/command-line.js'
import type { RunResult, AppPlan } from '../../model/results/run.js'
import { CanaryError, ConflictError } from '../../model/errors.js'
import type { SummaryApp } from '../../report/ci/ci-summary.js'
import { listed, runHeadLines } from '../../report/text/run-text.js'
import { resultOf } from '../../runbook/run/run-result.js'
import { planRun } from '../../runbook/run/plan.js'
import { run } from '../../runbook/run/run.js'
import type { Runbook } from '../../runbook/runbook.js'
import type { Output } from '../output/output.js'
import { type RunRequest, type RunWorld, withRunWorld } from './run-world.js'

/** Where each app is in the steps and what its next change would be, changing nothing. */
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
 * Runs a runbook: reads where all its apps are, asks on a terminal, and goes on from there. Throws ConflictError, before
 * anything is changed, where an app is not on the way that the steps lead; CanaryError with the worst outcome of its apps
 * where not all got where they were to.
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
      requireWay(plans, identity.name)
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

function stuckApp({ app, cluster, conflict: message }: AppPlan): SummaryApp[] {
  return message === undefined ? [] : [{ app, cluster, outcome: 'conflict', message }]
}

function requireWay(plans: AppPlan[], name: string): void {
  const stuck = plans.filter(({ conflict }) => conflict !== undefined)
  if (stuck.length === 0) return
  const apps = stuck.map(({ app, cluster }) => (cluster === undefined ? app : `${cluster}/${app}`))
  throw new ConflictError(`${name} can't take up ${apps.join(', ')}.`, {
    state: 'Nothing was changed.',
    details: stuck.map(({ conflict }, index) => `${apps[index]}: ${conflict}`),
    nextSteps: stuck.flatMap(({ app, stage }) =>
      stage?.name === 'absent'
        ? [
            commented(canaryCommand(['install', app, 'VERSION']), 'or put an install step first'),
            commented(canaryCommand(['status']), 'the apps there are'),
          ]
        : [
            canaryCommand(['status', app]),
            commented(canaryCommand(['abort', app]), 'ends the rollout under way'),
          ],
    ),
  })
}

/** Asks once for all that follows; off a terminal, and where nothing is to be done, it goes ahead. */
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
  if (await terminal.ask(`Go on with ${apps}?`)) return
  throw new CanaryError('interrupted', 'Not run, as you said.', {
    state: 'Nothing was changed.',
    nextSteps: [
      commented(`${command} --yes`, 'without the question'),
      commented(`${command} --dry-run`, 'what it would do'),
    ],
  })
}
