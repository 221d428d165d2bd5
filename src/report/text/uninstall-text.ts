import { describeStage } from '../../model/describe-stage.js'
import type { IdleProof, UninstallResult } from '../../model/results/uninstall.js'
import type { Palette } from '../terminal/palette.js'

/** The result of `uninstall`: what is gone, what stays, and its proof; for a dry run, what would go. */
export function renderUninstall(view: UninstallResult, palette: Palette): string {
  const { app, changed, dryRun, stage, from, proof, unverified, next } = view
  const removed = [...new Set(view.objects.map(({ kind, name }) => `${kind} ${name}`)), ...leaseOf(view)]
  if (dryRun && changed) {
    return [
      `${palette.strong(app)} ${describeStage(from)}`,
      ...labelled('removes', removed, palette),
      ...labelled('stays', view.stays, palette),
      ...labelled(
        'checks',
        unverified === undefined ? [PROOF] : [`nothing, as asked: ${unverified}`],
        palette,
      ),
      ...labelled('runs', view.commands, palette),
      '',
      'dry run: nothing was changed',
    ].join('\n')
  }
  const nothing = changed ? '' : ', nothing to change'
  return [
    `${palette.good('✔')} ${palette.strong(app)} ${describeStage(stage)}${nothing}`,
    ...labelled('removed', changed ? removed : [], palette),
    ...labelled('stays', view.stays, palette),
    ...labelled('verified', proof ? [proofText(proof)] : [], palette),
    ...labelled('unverified', unverified === undefined ? [] : [unverified], palette),
    ...labelled('next', next, palette),
  ].join('\n')
}

const PROOF = 'no request reaches the app, by the proxies’ counters and by probes'

function leaseOf({ app, changed }: UninstallResult): string[] {
  return changed ? [`Lease canary-${app}`] : []
}

function proofText({ watchedMs, requests, probes }: IdleProof): string {
  const sent = probes > 0 ? `; without routes ${probes} probes, none reached it` : ''
  return `${requests} requests in ${(watchedMs / 1000).toFixed(0)} s${sent}`
}

function labelled(label: string, lines: string[], palette: Palette): string[] {
  return lines.map((line, index) => `  ${palette.dim((index === 0 ? label : '').padEnd(8))}  ${line}`)
}
