import type { CanaryEvent, Emit } from '../../model/events/events.js'
import { Progress } from '../../report/terminal/progress.js'
import { configNote, type Settings } from '../session/settings.js'
import type { SignalTexts } from '../session/signals.js'
import { openEventFile } from './event-file.js'
import { canRedraw, type Output } from './output.js'

/** What one operation reports while it runs: on stderr, and to the file of --events. */
export interface OperationReport {
  progress: Progress
  emit: Emit
  /** Whether the release has a new revision. */
  isChanged(): boolean
  /** The end of the event file; with the error that ended the operation. */
  ended(error?: unknown): void
}

/** Opens the report of an operation with its first line. Throws UsageError for an event file that cannot be written. */
export async function openReport(
  { app, title, activity }: { app?: string; title?: string; activity: string },
  settings: Settings,
  output: Output,
  warn: (message: string) => void,
): Promise<OperationReport> {
  const { secrets, clean, stderrPalette: palette } = output
  const progress = new Progress(process.stderr, { clean, palette, live: canRedraw() })
  const note = configNote([settings])
  if (note !== undefined) progress.line(note)
  const events = await openEventFile(
    settings.events,
    { app, command: title },
    {
      secrets,
      warn: (message) => {
        warn(message)
        progress.line(message)
      },
    },
  )
  progress.begin(title, activity)
  let isChanged = false
  return {
    progress,
    isChanged: () => isChanged,
    ended: (error) => events?.ended(error),
    emit: (event: CanaryEvent) => {
      if (event.type === 'warning') warn(event.message)
      if (event.type === 'upgraded') isChanged = true
      events?.emit(event)
      // The plan of a dry run is its result, which goes to stdout.
      const isResult = settings.operation.dryRun && (event.type === 'planned' || event.type === 'observed')
      if (!isResult) progress.emit(event)
    },
  }
}

/** The lines for a signal; `status` is the command that shows where the app stands afterwards. */
export function stopTexts(progress: Progress, status: () => string): SignalTexts {
  return {
    first: () => {
      const finishing = progress.finishing()
      return finishing
        ? `Stopping once ${finishing} has ended, so that the release is not left half changed; a second signal stops at once.`
        : 'Stopping; a second signal stops at once.'
    },
    second: () => {
      progress.pause()
      const left = progress.finishing()
      const meanwhile = left ? ` ${left} continues without canary; its stage will not be verified.` : ''
      return `Stopped at once.${meanwhile} ${status()} shows where the rollout stands.`
    },
  }
}
