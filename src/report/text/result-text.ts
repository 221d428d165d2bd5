import type { OperationResult } from '../../model/results/change.js'
import { describeStage } from '../../model/describe-stage.js'
import type { Expectation, StageProof } from '../../model/verify/expectation.js'
import type { Analysis } from '../../model/results/analysis.js'
import type { Plan, Step } from '../../model/plan.js'
import type { Palette } from '../terminal/palette.js'
import { checkPhrase, expectationPhrase, whichRequests } from './phrases.js'
import { objectLines, upgradeLines } from '../../model/results/upgrade-changes.js'
import { changeLine, diffValues } from '../../model/values-diff.js'

type StandingView = Pick<OperationResult, 'app' | 'stage' | 'revision' | 'next' | 'undo'>

/** The result of a changing command: the stage, its proof, the next and the undo command. */
export function renderResult(result: OperationResult, palette: Palette): string {
  if (result.dryRun) return renderPlan(result, palette)
  const revision = result.revision === undefined ? '' : ` (revision ${result.revision})`
  const nothing = result.changed ? '' : ', nothing to change'
  return [
    `${palette.good('✔')} ${palette.strong(result.app)} ${describeStage(result.stage)}${revision}${nothing}`,
    ...proofLine(result.proofs.at(-1)?.proof),
    ...analysisLines(result.analysis),
    ...nextLines(result, palette),
  ].join('\n')
}

/** The result of `verify`. */
export function renderProof(result: StandingView & { proof: StageProof }, palette: Palette): string {
  return [
    `${palette.good('✔')} ${palette.strong(result.app)} ${describeStage(result.stage)} (revision ${result.revision})`,
    ...proofLine(result.proof),
    ...nextLines(result, palette),
  ].join('\n')
}

/** The result of `verify --analyze`. */
export function renderAnalysis(result: StandingView & { analysis: Analysis }, palette: Palette): string {
  return [
    `${palette.good('✔')} ${palette.strong(result.app)} ${describeStage(result.stage)} (revision ${result.revision})`,
    ...analysisLines(result.analysis),
    ...nextLines(result, palette),
  ].join('\n')
}

/** `  proof   v1 459/459 without the header, v2 459/459 with stage: canary`. */
function proofLine(proof: StageProof | undefined): string[] {
  if (!proof) return []
  const among = proof.checks.map((check) => check.expectation)
  const [first, ...rest] = proof.checks.map((check) => checkPhrase(check, among))
  const { proxies, shadow } = proof
  return [
    `  proof   ${first ?? 'nothing to verify'}`,
    ...rest.map((text) => `          ${text}`),
    ...(shadow ? [`          ${shadow.reason}`] : []),
    ...(proxies ? [`          by each of ${proxies.length} proxies`] : []),
  ]
}

/** Errors by version, and a line for each gate. */
function analysisLines(analysis: Analysis | undefined): string[] {
  if (!analysis) return []
  const { pairs, canary, primary, gates } = analysis
  const counts = `${pairs} pairs: errors ${canary.errorCount} of ${canary.version}, ${primary.errorCount} of ${primary.version}`
  return [`  healthy ${counts}`, ...gates.map(({ name, reason }) => `          ${name}: ${reason}`)]
}

/** The next and the undo commands. */
export function nextLines({ next, undo }: { next: string[]; undo?: string }, palette: Palette): string[] {
  return [
    ...next.map((command, index) => `  ${index === 0 ? 'next' : '    '}    ${palette.strong(command)}`),
    ...(undo ? [`  undo    ${palette.strong(undo)}`] : []),
  ]
}

/** A plan as --dry-run prints it: each step with the values it changes, its command, waits and checks. */
function renderPlan(result: OperationResult, palette: Palette): string {
  const { plan } = result
  const from = `${palette.strong(plan.app)} in namespace ${plan.namespace}: ${describeStage(plan.from)}`
  if (plan.steps.length === 0) {
    return [
      from,
      'nothing to change; the stage would be verified again:',
      ...probeLines(plan.expectations, '  '),
    ].join('\n')
  }
  return [from, ...plannedStepLines(result, palette), '', 'dry run: nothing was changed'].join('\n')
}

/** The steps of a plan, each after an empty line: changed values, command, waits and checks. */
export function plannedStepLines(
  { plan, commands }: Pick<OperationResult, 'plan' | 'commands'>,
  palette: Palette,
): string[] {
  let before = plan.before ?? {}
  return plan.steps.flatMap((step, index) => {
    const lines = stepLines(step, index, before, commands[index], palette)
    before = step.values
    return ['', ...lines]
  })
}

function stepLines(
  step: Step,
  index: number,
  before: Plan['before'],
  command: string | undefined,
  palette: Palette,
): string[] {
  const changes = diffValues(before ?? {}, step.values).map(changeLine)
  const coloured = changes.map((line) =>
    line.startsWith('+') ? palette.good(line) : line.startsWith('-') ? palette.bad(line) : palette.warn(line),
  )
  const waits = [
    ...(step.readyBefore.length > 0 ? [`before: pods of ${step.readyBefore.join(' and ')} ready`] : []),
    ...(step.readyAfter.length > 0 ? [`pods of ${step.readyAfter.join(' and ')} ready`] : []),
    ...(step.goneAfter.length > 0 ? [`pods of ${step.goneAfter.join(' and ')} gone`] : []),
  ]
  return [
    palette.strong(`step ${index + 1} of the plan: ${step.title}`),
    ...labelled('values', coloured),
    ...labelled('objects', changedObjects(step)),
    ...labelled('runs', command ? [command] : []),
    ...labelled('waits', waits),
    ...labelled('checks', [...probeLines(step.expectations, ''), ...shadowLine(step)]),
  ]
}

/** Only an upgrade of a stable app may restart pods. */
function changedObjects({ name, changes }: Step): string[] {
  if (!changes) return []
  return name === 'upgrade' ? upgradeLines(changes) : objectLines(changes.objects)
}

function shadowLine({ to }: Step): string[] {
  if (to.name !== 'deployed' || to.shadow === undefined) return []
  return [`copies of ${to.shadow} % of the requests reach ${to.canary}, by the proxies' counters`]
}

function labelled(label: string, lines: string[]): string[] {
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(8)}${line}`)
}

function probeLines(expectations: Expectation[], indent: string): string[] {
  return expectations.map((expectation) => {
    const which = whichRequests(expectation, expectations)
    return `${indent}${expectation.paths.join(', ')}${which ? ` ${which}` : ''}: ${expectationPhrase(expectation)}`
  })
}
