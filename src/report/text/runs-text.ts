import type { ListedRun } from '../../model/results/runs.js'
import type { Palette } from '../terminal/palette.js'
import { ago, describeApprover } from './phrases.js'
import { nextLines } from './result-text.js'
import { waitText } from './status-text.js'

/** Each app that a run waits for or works on, with the reason and the command that continues. */
export function renderRuns(runs: ListedRun[], palette: Palette, now: number): string {
  if (runs.length === 0) return 'No run waits for anything.'
  return runs
    .map(({ app, namespace, waiting, started, holder, next }) => {
      const lines = [
        ...(holder
          ? [
              `at work: ${holder.who}, "canary ${holder.command}", run ${holder.runId}, ${ago(holder.since, now)}`,
            ]
          : []),
        ...(waiting ? [`waits for ${waitText(waiting, now)}`] : []),
        ...(started ? [`started by ${describeApprover(started)}`] : []),
      ]
      return [
        `${palette.strong(app)}${namespace === app ? '' : ` in namespace ${namespace}`}`,
        ...lines.map((line) => `  ${line}`),
        ...nextLines({ next }, palette),
      ].join('\n')
    })
    .join('\n')
}

/** What was approved, and the next command. */
export function renderApproved(
  {
    approved,
    next,
  }: {
    approved: { app: string; step: string; revision: number; who: string; identity?: string }[]
    next: string[]
  },
  palette: Palette,
): string {
  return [
    ...approved.map(
      (one) =>
        `${palette.good('✔')} step ${one.step} of ${one.app} at revision ${one.revision}: approved by ${describeApprover(one)}`,
    ),
    ...nextLines({ next }, palette),
  ].join('\n')
}
