import { EXIT_CODES, type Outcome } from '../../model/exit-codes.js'
import type { RunApp, RunEvent } from '../../model/events/run-events.js'
import { waveText } from '../text/phrases.js'

/** What a CI system's log has besides lines. */
export interface CiDialect {
  /** The line that opens a group; `id` consists of letters, digits and `_`. */
  open(id: string, title: string): string
  close(id: string): string
  /** A line that the system shows beside the log; undefined if it has none. */
  annotate?(level: Level, note: Note): string
}

type Level = 'error' | 'warning' | 'notice'

export interface Note {
  title: string
  message: string
  /** Its file in the repository. */
  file?: string
  line?: number
  column?: number
}

/** GitHub's workflow commands, https://docs.github.com/actions/reference/workflow-commands. */
export const GITHUB = {
  open: (_id: string, title: string) => `::group::${data(title)}`,
  close: () => '::endgroup::',
  annotate: (level: Level, { title, message, file, line, column }: Note) => {
    const place = file === undefined ? {} : { file, line: line ?? 1, ...(column && { col: column }) }
    const properties = Object.entries({ ...place, title }).map(
      ([name, value]) => `${name}=${property(String(value))}`,
    )
    return `::${level} ${properties.join(',')}::${data(message)}`
  },
} satisfies CiDialect

/** GitLab's sections, https://docs.gitlab.com/ci/jobs/job_logs. */
export function gitlab(now: () => number): CiDialect {
  const seconds = () => Math.floor(now() / 1000)
  return {
    open: (id, title) => `\u001b[0Ksection_start:${seconds()}:canary_${id}\r\u001b[0K${title}`,
    close: (id) => `\u001b[0Ksection_end:${seconds()}:canary_${id}\r\u001b[0K`,
  }
}

/**
 * A CI system's own lines around those of a run: each wave is a group, if one runs at a time (groups cannot overlap),
 * and failures and waits become annotations.
 */
export class CiLog {
  /** Apps that have not ended, by their wave's key. */
  private readonly open = new Map<string, Set<string>>()
  private folded?: string
  private waves = 0
  /** Line of each app's step in the file. */
  private readonly lines = new Map<string, number | undefined>()

  constructor(
    private readonly dialect: CiDialect,
    /** The runbook, if any. */
    private readonly file: string | undefined,
  ) {}

  /** Lines before those of the event. */
  before(event: RunEvent): string[] {
    if (event.type !== 'wave-started') return []
    const { wave, cluster, apps } = event
    const overlaps = this.open.size > 0
    this.waves += 1
    const key = `wave_${this.waves}`
    this.open.set(key, new Set(apps.map((app) => nameOf({ app, cluster }))))
    const closed = this.fold()
    if (overlaps) return closed
    this.folded = key
    const where = cluster === undefined ? '' : ` in ${cluster}`
    return [...closed, this.dialect.open(key, `${waveText(wave)}${where}: ${apps.join(', ')}`)]
  }

  /** Lines after those of the event. */
  after(event: RunEvent): string[] {
    switch (event.type) {
      case 'run-step':
        this.lines.set(nameOf(event), event.step.line)
        return []
      case 'operation':
        return event.event.type === 'warning' ? this.note('warning', event, event.event.message) : []
      case 'app-ended': {
        const { outcome, message = '' } = event
        const ended = this.ended(event)
        if (outcome === 'done') return ended
        const level = outcome === 'waiting' ? 'notice' : 'error'
        return [...ended, ...this.note(level, event, message, `, exit ${EXIT_CODES[outcome].code}`)]
      }
      case 'app-left-out':
        return this.ended(event)
      default:
        return []
    }
  }

  /** Lines about a run that ended before any app. */
  failed(outcome: Outcome, message: string): string[] {
    const title = `canary: exit ${EXIT_CODES[outcome].code}`
    const place = this.file === undefined ? {} : { file: this.file }
    const line = this.dialect.annotate?.('error', { title, message, ...place })
    return line === undefined ? [] : [line]
  }

  private note(level: Level, app: RunApp, message: string, more = ''): string[] {
    const title = `canary: ${nameOf(app)}${more}`
    const place = this.file === undefined ? {} : { file: this.file, line: this.lines.get(nameOf(app)) }
    const line = this.dialect.annotate?.(level, { title, message, ...place })
    return line === undefined ? [] : [line]
  }

  private ended(app: RunApp): string[] {
    for (const [key, apps] of this.open) {
      if (!apps.delete(nameOf(app)) || apps.size > 0) continue
      this.open.delete(key)
      return this.folded === key ? this.fold() : []
    }
    return []
  }

  private fold(): string[] {
    const { folded } = this
    this.folded = undefined
    return folded === undefined ? [] : [this.dialect.close(folded)]
  }
}

function nameOf({ app, cluster }: RunApp): string {
  return cluster === undefined ? app : `${cluster}/${app}`
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
