import path from 'node:path'
import type { EmitRun, RunApp } from '../../model/events/run-events.js'
import { RunLines } from '../../report/text/run-lines.js'
import { plainTexts } from '../../report/terminal/terminal-text.js'
import type { AppContext } from '../../runbook/run/app-context.js'
import type { Runbook, RunbookCluster } from '../../runbook/runbook.js'
import { type Ci, ciOf } from '../output/ci.js'
import type { Output } from '../output/output.js'
import type { Openers } from '../session/openers.js'
import { openSession, type Session } from '../session/session.js'
import type { SettingsSources } from '../session/settings.js'
import { openRunJournal, type RunJournal } from './run-journal.js'
import type { RunRequest } from './run-request.js'
import { runSettings } from './run-settings.js'
import { RunTerminal } from './run-terminal.js'

/** The session of a run, with what its apps share. */
export interface RunSession extends Omit<Session, 'open'> {
  emit: EmitRun
  terminal: RunTerminal
  journal?: RunJournal
  ci?: Ci
  /** The file that settings came from, beside the runbook. */
  configFile?: string
  of: (app: string, cluster: RunbookCluster) => AppContext
}

/** What a run gets from its command. */
export interface RunWiring {
  output: Output
  sources: SettingsSources
  openers?: Openers
}

/**
 * Opens the session of a run, which reports nothing if `quiet`. Checks settings, files and contexts of all apps first:
 * throws UsageError before any cluster is contacted.
 */
export async function openRunSession(
  request: RunRequest,
  { output, sources, openers }: RunWiring,
  { quiet }: { quiet: boolean },
): Promise<RunSession> {
  const { runbook, identity, file, approve, noWait, until } = request
  const settings = await runSettings(request, sources)
  const { runCommand } = await import('../../cluster/shell-command.js')
  const terminal = new RunTerminal(output)
  const isMeant = ({ app }: RunApp) => request.only?.includes(app) ?? true
  const lines = new RunLines(output.stderrPalette, [...places(runbook)].filter(isMeant))
  if (settings.note !== undefined) terminal.line(settings.note)
  const warn = (message: string) => terminal.line(`! ${message}`)
  const journal = quiet ? undefined : openRunJournal(settings.own.events, identity, output, warn)
  const ci = quiet ? undefined : ciOf(process.env, file, terminal, output)
  const emit: EmitRun = (event) => {
    journal?.write(event)
    if (quiet) return
    ci?.before(event)
    for (const line of lines.report(plainTexts(event))) terminal.line(line)
    terminal.show(lines.live())
    ci?.after(event)
  }
  const stop = {
    first: () => 'Stopping; a helm under way finishes first. Press Ctrl-C again to stop at once.',
    second: () => {
      terminal.pause()
      return `Stopped at once. To continue where each app is: ${identity.command}`
    },
  }
  // While reading the apps, or asking: apps under way report by themselves how they were interrupted.
  const interrupted = () => ({ state: 'Nothing was changed.', nextSteps: [identity.command] })
  const { open, ...session } = await openSession({
    output,
    terminal,
    warn,
    stop,
    again: identity.command,
    interrupted,
    openers,
  })
  const { ask } = session
  const of = (app: string, cluster: RunbookCluster): AppContext => {
    const own = settings.of(app, cluster)
    const where = { app, ...(cluster.name === undefined ? {} : { cluster: cluster.name }) }
    return {
      context: open(own, (event) => emit({ ...where, type: 'operation', event })),
      emit,
      cluster: own.cluster,
      namespace: own.namespace,
      canaryHeaders: own.canaryHeaders,
      run: identity,
      pathOf: (file) => path.resolve(path.dirname(runbook.file), file),
      analysisMs: own.durationMs,
      runCommand,
      approved: approve,
      askToApprove: ask && ((question, until) => ask(question, until).catch(() => false)),
      noWait,
      until,
    }
  }
  return { ...session, emit, terminal, journal, ci, configFile: settings.configFile, of }
}

/** Every app in every cluster, as lines and journal name it. */
function* places({ clusters, waves }: Runbook): Generator<RunApp> {
  for (const { name: cluster } of clusters) {
    for (const { apps } of waves)
      for (const { name: app } of apps) yield { app, ...(cluster === undefined ? {} : { cluster }) }
  }
}
