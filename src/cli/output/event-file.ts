import { randomUUID } from 'node:crypto'
import { CanaryError } from '../../model/errors.js'
import type { CanaryEvent } from '../../model/events/events.js'
import type { Secrets } from '../../lib/secrets/secrets.js'

/** Where the events of one command go beside the terminal (`--events`). */
export interface EventFile {
  emit(event: CanaryEvent): void
  /** The last line: how it ended. */
  ended(error?: unknown): void
}

/** Opens the file and writes its first line; without a file there is nothing to do. Throws UsageError. */
export async function openEventFile(
  file: string | undefined,
  { app, command }: { app?: string; command?: string },
  { secrets, warn }: { secrets: Secrets; warn: (message: string) => void },
): Promise<EventFile | undefined> {
  if (file === undefined) return undefined
  const [{ Journal }, { journalFields }] = await Promise.all([
    import('../../runbook/journal/journal.js'),
    import('../../runbook/journal/journal-line.js'),
  ])
  const journal = Journal.open(file, (line) => secrets.mask(line), warn)
  const head = { runId: randomUUID(), ...(app === undefined ? {} : { app }) }
  journal.write({ ...head, type: 'command-started' }, { command })
  return {
    emit: (event) => {
      const fields = journalFields(event)
      if (fields) journal.write({ ...head, type: fields.type }, fields)
    },
    ended: (error) => {
      const outcome = error === undefined ? 'done' : error instanceof CanaryError ? error.outcome : 'bug'
      const message = error instanceof Error ? error.message : undefined
      journal.write({ ...head, type: 'command-ended' }, { outcome, message })
      journal.close()
    },
  }
}
