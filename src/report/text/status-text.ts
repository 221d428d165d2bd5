import type { AppStatus, AppSummary } from '../../model/results/status.js'
import type { RunWait } from '../../model/results/runs.js'
import { describeHeaders, describeStage } from '../../model/describe-stage.js'
import {
  describeAutoscaled,
  describeController,
  describeDifference,
  pauseCommand,
} from '../../model/results/drift.js'
import { neighbourLine } from '../../model/results/ownership.js'
import type { Stage } from '../../model/stage.js'
import type { Palette } from '../terminal/palette.js'
import { ago, toTheSecond } from './phrases.js'
import { nextLines } from './result-text.js'
import { fittingColumns } from '../terminal/table.js'

/** One app: the stage, then every version with its pods, the last change, next and undo commands. */
export function renderStatus(status: AppStatus, palette: Palette, now: number): string {
  const { stage, versions } = status
  const roles = rolesOf(stage)
  const width = Math.max(0, ...versions.map(({ version }) => version.length))
  const rows: [string, string][] = [
    ...(status.namespace ? [['namespace', status.namespace] as [string, string]] : []),
    ...versions.map((pods): [string, string] => [
      roles.get(pods.version) ?? 'version',
      versionText(pods, width, palette),
    ]),
    ...('weight' in stage ? [['weight', `${stage.weight} %`] as [string, string]] : []),
    ...('headers' in stage ? [['headers', describeHeaders(stage.headers)] as [string, string]] : []),
    ...(status.revision === undefined ? [] : [['revision', revisionText(status, now)] as [string, string]]),
    ...(status.chart ? [['chart', status.chart] as [string, string]] : []),
    ...status.autoscalers.map(({ name, deployment, min, max }): [string, string] => [
      'scaled by',
      `HPA ${name}: ${min} to ${max} replicas of ${deployment}`,
    ]),
    ...(status.waiting ? [['waits for', waitText(status.waiting, now)] as [string, string]] : []),
    ...(status.holder ? [['held by', holderText(status.holder, now)] as [string, string]] : []),
  ]
  return [
    `${palette.strong(status.app)} ${describeStage(stage)}`,
    ...rows.map(([label, text]) => `  ${label.padEnd(10)}${text}`),
    ...(status.unfinished ? [`  ${palette.warn('!')} ${unfinishedText(status.unfinished)}`] : []),
    ...warnings(status, now).map((text) => `  ${palette.warn('!')} ${text}`),
    ...nextLines(status, palette),
  ].join('\n')
}

/** Columns of the list that a narrow terminal drops, the least important first. */
const DROP_FIRST = ['REVISION', 'UPDATED', 'NAMESPACE', 'WEIGHT', 'PRIMARY']

/** All apps as a table as wide as the terminal; without apps, the command that installs one. */
export function renderApps(apps: AppSummary[], palette: Palette, now: number, columns?: number): string {
  if (apps.length === 0) return 'There are no apps yet: canary install APP VERSION'
  const rows = apps.map((app) => {
    const { stage } = app
    return [
      app.app,
      app.namespace,
      app.unfinished
        ? `${stage.name} (revision ${app.unfinished.revision} ${app.unfinished.status})`
        : stage.name,
      'primary' in stage ? stage.primary : '-',
      'canary' in stage ? stage.canary : '-',
      weightOf(stage),
      app.revision === undefined ? '-' : String(app.revision),
      app.updated ? ago(app.updated, now) : '-',
    ]
  })
  const heads = ['APP', 'NAMESPACE', 'STAGE', 'PRIMARY', 'CANARY', 'WEIGHT', 'REVISION', 'UPDATED']
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]!.length)))
  const kept = fittingColumns(heads, widths, columns, DROP_FIRST)
  const line = (cells: string[]) =>
    kept
      .map((column) => cells[column]!.padEnd(widths[column]!))
      .join('  ')
      .trimEnd()
  return [palette.dim(line(heads)), ...rows.map(line)].join('\n')
}

function weightOf(stage: Stage): string {
  if (stage.name === 'weighted') return `${stage.weight} %`
  if (stage.name === 'header') return '0 %'
  return stage.name === 'shifted' ? '100 %' : '-'
}

function rolesOf(stage: Stage): Map<string, string> {
  const roles = new Map<string, string>()
  if ('primary' in stage) roles.set(stage.primary, 'primary')
  if ('canary' in stage) roles.set(stage.canary, 'canary')
  return roles
}

function versionText(pods: AppStatus['versions'][number], width: number, palette: Palette): string {
  const ready = pods.wanted > 0 && pods.ready >= pods.wanted
  const glyph = ready ? palette.good('✔') : palette.bad('✖')
  const why = pods.problems.length > 0 ? ` (${pods.problems.join('; ')})` : ''
  return `${pods.version.padEnd(width)}  ${glyph} ${pods.ready}/${pods.wanted} pods ready  ${palette.dim(pods.image)}${why}`
}

function revisionText({ revision, updated, description, byHand }: AppStatus, now: number): string {
  const made = [description ?? '', byHand ? 'made by hand' : '']
  return [String(revision), updated ? ago(updated, now) : '', ...made].filter(Boolean).join(', ')
}

/** Problems around the app, a line each. */
function warnings(status: AppStatus, now: number): string[] {
  const { app, namespace, controller } = status
  return [
    ...(status.namespaceIsGoing ? [`namespace ${namespace} is being deleted, and ${app} with it`] : []),
    ...(controller
      ? [`${describeController(controller)} applies the release by itself (${pauseCommand(controller)})`]
      : []),
    ...status.differences.map((difference) => describeDifference(difference, (iso) => ago(iso, now))),
    ...status.autoscaled.map(describeAutoscaled),
    ...status.orphans.map(
      (name) =>
        `Deployment ${name} was left behind by a failed helm: the next canary abort or finish removes it`,
    ),
    ...status.neighbours.map((neighbour) => neighbourLine(app, neighbour)),
  ]
}

/** `approval of step qa: Does it work? (rollout, run 6817c32295e8; began 5 min ago, until 2026-11-24T10:00:00Z)`. */
export function waitText(wait: RunWait, now: number): string {
  const { kind, name, run, step, message, since, until, by } = wait
  const what =
    kind === 'approval'
      ? `approval of step ${step}${by === 'other' ? ' by somebody other than who started the run' : ''}: ${message}`
      : `${message}, step ${step}`
  const times = [`began ${ago(since, now)}`, ...(until ? [`until ${toTheSecond(until)}`] : [])].join(', ')
  return `${what} (${name}, run ${run}; ${times})`
}

function holderText({ who, command, since }: { who: string; command: string; since: string }, now: number) {
  return `${who} with "canary ${command}", started ${ago(since, now)}`
}

function unfinishedText({ revision, status, description }: NonNullable<AppStatus['unfinished']>): string {
  return `revision ${revision} after it is ${status}${description ? `: ${description}` : ''}`
}
