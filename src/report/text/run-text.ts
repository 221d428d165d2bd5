import type { AppPlan, RunResult } from '../../model/results/run.js'
import { describeStage } from '../../model/describe-stage.js'
import { durationText } from '../../lib/durations.js'
import type { Palette } from '../terminal/palette.js'
import { waveText } from './phrases.js'
import { plannedStepLines } from './result-text.js'

/** The plan of a run, app by app, the next change of each in full. */
export function renderRunPlan(plans: AppPlan[], palette: Palette): string {
  return [...plans.map((plan) => appLines(plan, palette).join('\n')), 'nothing was changed'].join('\n\n')
}

function appLines(plan: AppPlan, palette: Palette): string[] {
  const { wave, stage, revision, steps, pausesMs, unfinished, ahead, holder, conflict } = plan
  const where = stage ? describeStage(stage) : 'could not be read'
  const at = revision === undefined ? '' : ` (revision ${revision})`
  const next = nextOf(steps)
  return [
    `${palette.strong(nameOf(plan))} in ${waveText(wave)}: ${where}${at}`,
    ...(unfinished
      ? [`  ${palette.warn('!')} revision ${unfinished.revision} is ${unfinished.status}: recovered first`]
      : []),
    ...(holder === undefined ? [] : [`  ${palette.warn('!')} ${holder}`]),
    ...(conflict === undefined ? [] : [`  ${palette.bad('✖')} ${conflict}`]),
    ...steps.map(({ title, met, beyond, when }, index) => {
      const mark = met ? palette.good('✔') : index === next && conflict === undefined ? '→' : ' '
      const notes = [...(when === undefined ? [] : [when]), ...(beyond ? ['not in this run: --until'] : [])]
      const text = `${mark} ${title}${notes.length === 0 ? '' : palette.dim(` (${notes.join('; ')})`)}`
      return `  ${met || beyond ? palette.dim(text) : text}`
    }),
    ...(pausesMs > 0 && conflict === undefined
      ? [palette.dim(`  pauses of ${durationText(pausesMs)} at most`)]
      : []),
    ...(ahead ? plannedStepLines(ahead, palette).map((line) => line && `  ${line}`) : []),
  ]
}

/** The start of a run: its waves and the position of their apps; apps at the same position share a line. */
export function runHeadLines(
  { run, runId, plans }: { run: string; runId: string; plans: AppPlan[] },
  palette: Palette,
): string[] {
  const groups = new Map<string, { head: string; what: string; apps: string[] }>()
  for (const plan of plans) {
    const { cluster, wave, steps } = plan
    const head = `${cluster === undefined ? '' : `${cluster}, `}${waveText(wave)}`
    const what = nextText(steps)
    const key = JSON.stringify([head, what])
    const group = groups.get(key) ?? { head, what, apps: [] }
    group.apps.push(plan.app)
    groups.set(key, group)
  }
  const reported = [...groups.values()]
  const width = Math.max(0, ...reported.map(({ head }) => head.length))
  return [
    `${palette.strong(run)} ${palette.dim(`(run ${runId})`)}`,
    ...reported.map(({ head, what, apps }) => `  ${head.padEnd(width)}  ${listed(apps)}: ${what}`),
  ]
}

/** Index of the next step; -1 if all are done. */
function nextOf(steps: AppPlan['steps']): number {
  return steps.findIndex(({ met, beyond }) => !met && !beyond)
}

function nextText(steps: AppPlan['steps']): string {
  const next = nextOf(steps)
  const met = steps.filter((step) => step.met).length
  if (met === steps.length) return `all ${met} steps are met`
  if (next === -1) return `${met} of ${steps.length} steps met, the others are not part of this run`
  return `${next === 0 ? '' : `${next} of ${steps.length} steps met, `}next ${steps[next]!.title}`
}

const MOST_LISTED = 6

export function listed(names: string[]): string {
  if (names.length <= MOST_LISTED) return names.join(', ')
  return `${names.slice(0, MOST_LISTED).join(', ')} and ${names.length - MOST_LISTED} more`
}

/** The result of a successful run. */
export function renderRun(
  { run, apps, next, journal }: RunResult & { journal?: string },
  palette: Palette,
): string {
  const done = apps.reduce((sum, { steps }) => sum + (steps?.done ?? 0), 0)
  const met = apps.reduce((sum, { steps }) => sum + (steps?.met ?? 0), 0)
  const counts = `${done} step${done === 1 ? '' : 's'} done${met === 0 ? '' : `, ${met} met or past`}`
  const width = Math.max(0, ...apps.map((one) => nameOf(one).length))
  const end = next === undefined ? 'is done' : 'ran as far as requested'
  return [
    `${palette.good('✔')} ${palette.strong(run)} ${end}: ${counts}`,
    ...apps.map((one) => {
      const revision = one.revision === undefined ? '' : ` (revision ${one.revision})`
      const what = one.stage ? `${describeStage(one.stage)}${revision}` : `not started: ${one.message ?? ''}`
      return `  ${nameOf(one).padEnd(width)}  ${what}`
    }),
    ...(next === undefined ? [] : [`  next     ${palette.strong(next)}`]),
    ...(apps.length === 1 && apps[0]!.undo ? [`  undo     ${palette.strong(apps[0]!.undo)}`] : []),
    ...(journal === undefined ? [] : [palette.dim(`  journal  ${journal}`)]),
  ].join('\n')
}

function nameOf({ app, cluster }: { app: string; cluster?: string }): string {
  return cluster === undefined ? app : `${cluster}/${app}`
}
