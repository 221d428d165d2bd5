import type { CanaryEvent } from '../model/events.js'
import { EventLines } from './event-lines.js'
import type { Palette } from './palette.js'
import { elapsed } from './phrases.js'

export interface ProgressStream {
  write(text: string): unknown
  columns?: number
}

export interface ProgressOptions {
  palette: Palette
  /** Whether lines can be redrawn: a terminal that understands escapes. */
  live: boolean
  /** What is done to each line before it is shown: secrets masked, nothing in it obeyed by the terminal. */
  clean?: (text: string) => string
  now?: () => number
}

/** Redraws of the live lines: at most five a second. */
const REDRAW_MS = 200
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/**
 * Tells on stderr what happens: every event's lines as they come and, on a terminal, what is going on right
 * now below them. Elsewhere nothing is animated: one plain line for each change.
 */
export class Progress {
  private readonly eventLines: EventLines
  private readonly now: () => number
  private readonly clean: (text: string) => string
  private activity: string[] = []
  private activitySince = 0
  private finishingNow?: string
  private printedState = ''
  private drawn = 0
  private frame = 0
  private timer?: NodeJS.Timeout

  constructor(
    private readonly stream: ProgressStream,
    private readonly options: ProgressOptions,
  ) {
    this.eventLines = new EventLines(options.palette)
    this.now = options.now ?? Date.now
    this.clean = options.clean ?? ((text) => text)
  }

  /**
   * Said before anything else is done; off a terminal only of commands that have a title: those that change
   * or prove.
   */
  begin(title: string | undefined, activity: string): void {
    if (!this.options.live && title) this.line(`${title}: ${activity}`)
    this.show([activity])
  }

  emit(event: CanaryEvent): void {
    const { lines, live, state, finishing } = this.eventLines.tell(event)
    const changed = state !== undefined && state.join('\n') !== this.printedState
    if (state) this.printedState = state.join('\n')
    if (!this.options.live && changed)
      lines.push(...state.map((text) => `  ${this.options.palette.dim('…')} ${text}`))
    this.print(lines)
    if (!live) return
    this.finishingNow = finishing
    this.show(live)
  }

  /** A line of its own, for what is no event. */
  line(text: string): void {
    this.print([text])
  }

  /** What goes on and is not broken off, for the word on a signal: `helm upgrade`. */
  finishing(): string | undefined {
    return this.finishingNow
  }

  /** Takes the live lines away: before a question, and at the end. */
  pause(): void {
    this.show([])
  }

  private print(lines: string[]): void {
    if (lines.length === 0) return
    this.stream.write(this.erased() + lines.map((line) => `${this.clean(line)}\n`).join(''))
    if (this.activity.length > 0) this.draw()
  }

  private show(now: string[]): void {
    // A line each, or they could not be taken away again.
    const activity = now.map((text) => this.clean(text).replace(/\s+/g, ' '))
    // Counts that go on are the same activity: its clock runs on.
    const other = kindOf(activity) !== kindOf(this.activity)
    if (other) this.activitySince = this.now()
    this.activity = activity
    if (!this.options.live) return
    if (activity.length === 0) {
      clearInterval(this.timer)
      this.timer = undefined
      if (this.drawn > 0) this.stream.write(this.erased())
    } else {
      if (other) this.draw()
      this.timer ??= setInterval(() => this.draw(), REDRAW_MS).unref()
    }
  }

  private draw(): void {
    if (!this.options.live) return
    const { palette } = this.options
    const spinner = SPINNER[this.frame++ % SPINNER.length]!
    // A terminal that does not know its size says 0.
    const width = (this.stream.columns || 80) - 1
    const since = ` (${elapsed(this.now() - this.activitySince)})`
    const texts = this.activity.map((text) => {
      const room = width - 4 - since.length
      return `  ${palette.warn(spinner)} ${text.length > room ? `${text.slice(0, room - 1)}…` : text}${palette.dim(since)}`
    })
    this.stream.write(this.erased() + texts.map((text) => `${text}\n`).join(''))
    this.drawn = texts.length
  }

  /** The escapes that remove the live lines drawn last. */
  private erased(): string {
    const { drawn } = this
    this.drawn = 0
    if (!this.options.live) return ''
    // From the first column on: a terminal shows ^C where the cursor is.
    return `\r${drawn > 0 ? `\u001b[${drawn}A` : ''}\u001b[J`
  }
}

function kindOf(activity: string[]): string {
  return activity.map((text) => text.split(':')[0]).join('|')
}
