import { describeStage } from '../../model/describe-stage.js'
import type { RunApp, RunEvent } from '../../model/events/run-events.js'
import type { Stage } from '../../model/stage.js'
import { checkPhrase } from '../text/phrases.js'

/** The result of a run for one app. */
export interface SummaryApp extends RunApp {
  outcome: string
  stage?: Stage
  revision?: number
  steps?: { done: number; met: number; of: number }
  message?: string
}

/** GitHub accepts 1 MiB for all summaries of a step; a character can take several bytes. */
const LONGEST = 250_000
/** Apps listed in rows; more are counted. */
const MOST_APPS = 500

/** A run as Markdown, for readers of the job's page. */
export class CiSummary {
  private readonly proofs = new Map<string, string>()

  report(event: RunEvent): void {
    if (event.type !== 'operation' || event.event.type !== 'verified') return
    const { checks } = event.event.proof
    const among = checks.map(({ expectation }) => expectation)
    this.proofs.set(nameOf(event), checks.map((check) => checkPhrase(check, among)).join(', '))
  }

  /** `next`: commands that continue from here. */
  text({
    run,
    runId,
    apps,
    next,
  }: {
    run: string
    runId: string
    apps: SummaryApp[]
    next: string[]
  }): string {
    const done = apps.filter(({ outcome }) => outcome === 'done').length
    const rows = apps.slice(0, MOST_APPS).map((app) => this.row(app))
    const more = apps.length - rows.length
    const failed = apps.filter(
      ({ outcome, message }) => outcome !== 'done' && outcome !== 'left out' && message,
    )
    const text = [
      `### canary: ${cell(run)} ${markOf(apps)} ${done} of ${apps.length} apps done`,
      '',
      '| app | outcome | steps | revision | stage | last verified |',
      '| --- | --- | --- | --- | --- | --- |',
      ...rows,
      ...(more > 0 ? ['', `… and ${more} more`] : []),
      ...failed.flatMap((app) => ['', `**${cell(nameOf(app))}**: ${cell(app.message!)}`]),
      ...(next.length > 0 ? ['', 'How to go on:', '', '```', ...next.map(fenced), '```'] : []),
      '',
      `Run ${runId}.`,
      '',
    ].join('\n')
    return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}\n\n… cut\n`
  }

  private row(app: SummaryApp): string {
    const { outcome, steps, revision, stage } = app
    const counts = steps ? `${steps.done + steps.met} of ${steps.of}` : ''
    const cells = [
      nameOf(app),
      outcome === 'rolledBack' ? 'rolled back' : outcome,
      counts,
      String(revision ?? ''),
      stage ? describeStage(stage) : '',
      this.proofs.get(nameOf(app)) ?? '',
    ]
    return `| ${cells.map(cell).join(' | ')} |`
  }
}

function markOf(apps: SummaryApp[]): string {
  if (apps.every(({ outcome }) => outcome === 'done')) return '✔'
  return apps.every(({ outcome }) => ['done', 'waiting', 'left out'].includes(outcome)) ? '…' : '✖'
}

function nameOf({ app, cluster }: RunApp): string {
  return cluster === undefined ? app : `${cluster}/${app}`
}

/** A text for a table row, shown literally: neither HTML nor Markdown. */
function cell(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[\\`*_[\]|#~]/g, (character) => `\\${character}`)
}

function fenced(text: string): string {
  return text.replaceAll('```', "'''").replace(/[\r\n]+/g, ' ')
}
