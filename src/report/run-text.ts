import { describeStage } from '../model/describe-stage.js'
import type { Stage } from '../model/stage.js'
import type { Palette } from './palette.js'

interface PlanView {
  app: string
  cluster?: string
  wave: string
  stage: Stage
  steps: { title: string; met: boolean }[]
  conflict?: string
}

/** What a run would do, app by app. */
export function renderRunPlan(plans: PlanView[], palette: Palette): string {
  return plans
    .flatMap(({ app, cluster, wave, stage, steps, conflict }) => [
      `${palette.strong(cluster === undefined ? app : `${cluster}/${app}`)} (wave ${wave}): ${describeStage(stage)}`,
      ...(conflict === undefined
        ? steps.map(({ title, met }) => (met ? palette.dim(`  ✔ ${title}`) : `  - ${title}`))
        : [`  ${palette.bad('✖')} ${conflict}`]),
    ])
    .join('\n')
}

/** How a run ended, an app a line. */
export function renderRun(
  { runbook, apps }: { runbook: string; apps: { app: string; cluster?: string; outcome: string }[] },
  palette: Palette,
): string {
  return [
    `${palette.good('✔')} ${palette.strong(runbook)}: all steps are done`,
    ...apps.map(({ app, cluster }) => `  ${cluster === undefined ? app : `${cluster}/${app}`}`),
  ].join('\n')
}
