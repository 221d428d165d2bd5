import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { RunEvent } from '../../model/events/run-events.js'
import { Journal } from '../../runbook/journal/journal.js'
import { journalFields } from '../../runbook/journal/journal-line.js'
import type { RunIdentity } from '../../runbook/run/app-context.js'
import type { Output } from '../output/output.js'

/** Where the events of a run go. */
export interface RunJournal {
  file: string
  write(event: RunEvent): void
  begin(fields: Record<string, unknown>): void
  end(fields: Record<string, unknown>): void
}

/**
 * Opens the journal of a run: the given file (throws UsageError if it cannot be written), else a file of the run below
 * $XDG_STATE_HOME (undefined if that cannot be written). A resumed run appends to it.
 */
export function openRunJournal(
  asked: string | undefined,
  { name, id }: RunIdentity,
  { secrets }: Output,
  warn: (message: string) => void,
): RunJournal | undefined {
  const file = asked ?? ownFile(name, id)
  let journal: Journal
  try {
    if (asked === undefined) mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    journal = Journal.open(file, (line) => secrets.mask(line), warn)
  } catch (error) {
    if (asked !== undefined) throw error
    warn(`This run keeps no journal: ${(error as Error).message}`)
    return undefined
  }
  const steps = new Map<string, string>()
  return {
    file,
    begin: (fields) => journal.write({ runId: id, type: 'run-started' }, fields),
    write: (event) => writeEvent(journal, id, steps, event),
    end: (fields) => {
      journal.write({ runId: id, type: 'run-ended' }, fields)
      journal.close()
    },
  }
}

function ownFile(name: string, id: string): string {
  const base = process.env.XDG_STATE_HOME || path.join(homedir(), '.local', 'state')
  return path.join(base, 'canary', 'runs', `${fileName(name)}-${id}.jsonl`)
}

/** A name fit for a file's: no path, not too long. */
function fileName(name: string): string {
  return name.replace(/[^\w.-]+/g, '-').slice(0, 60)
}

/** Each line with the step that its app is in. */
function writeEvent(journal: Journal, runId: string, steps: Map<string, string>, event: RunEvent): void {
  if (event.type === 'wave-started') {
    const { type, cluster, ...fields } = event
    return journal.write({ runId, type, ...(cluster === undefined ? {} : { cluster }) }, fields)
  }
  const { type, app, cluster, ...fields } = event
  const key = JSON.stringify([cluster, app])
  const head = { runId, app, ...(cluster === undefined ? {} : { cluster }) }
  if (event.type === 'operation') {
    const kept = journalFields(event.event)
    const step = steps.has(key) ? { runStep: steps.get(key) } : {}
    if (kept) journal.write({ ...head, type: kept.type }, { ...kept, ...step })
    return
  }
  if (event.type === 'run-step') steps.set(key, event.step.id)
  if ('step' in event) {
    const { step, ...rest } = fields as Extract<typeof event, { step: unknown }>
    return journal.write({ ...head, type }, { ...rest, runStep: step.id, title: step.title })
  }
  const step = steps.has(key) ? { runStep: steps.get(key) } : {}
  if (event.type === 'app-ended') {
    const { steps: stepCounts, ...rest } = fields as typeof event
    return journal.write({ ...head, type }, { ...rest, stepCounts, ...step })
  }
  journal.write({ ...head, type }, { ...fields, ...step })
}
