import type { Palette } from './palette.js'
import { elapsed } from '../text/phrases.js'
import { wrapText } from './wrap.js'

export interface ProgressStream {
  write(text: string): unknown
  columns?: number
}

export interface LiveOptions {
  palette: Palette
  /** Whether lines can be redrawn: a terminal that understands escapes. */
  live: boolean
  now?: () => number
}

/**
 * A current activity; with `until`, milliseconds since the epoch, the time left is shown instead of the time elapsed.
 */
export type Activity = string | { text: string; until: number }

/** Redraws of the live lines: at most five a second. */
const REDRAW_MS = 200
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** Permanent lines on a stream and, on a terminal, live lines below them. */
export class LiveArea {
  private readonly now: () => number
  private activity: Exclude<Activity, string>[] = []
  private activitySince = 0
  private drawn = 0
  private frame = 0
  private timer?: NodeJS.Timeout

  constructor(
    private readonly stream: ProgressStream,
    private readonly options: LiveOptions,
  ) {
    this.now = options.now ?? Date.now
  }

  /** Adds permanent lines. */
  print(lines: string[]): void {
    if (lines.length === 0) return
    const columns = this.options.live ? this.stream.columns : undefined
    this.stream.write(this.erased() + lines.map((line) => `${wrapText(line, columns)}\n`).join(''))
    if (this.activity.length > 0) this.draw()
  }

  /** Replaces the live lines, each with a spinner and its elapsed time; an empty list clears them. */
  show(now: Activity[]): void {
    // One line each, so that they can be erased again.
    const activity = now.map((one) => {
      const { text, until } = typeof one === 'string' ? { text: one, until: NaN } : one
      return { text: text.replace(/\s+/g, ' '), until }
    })
    // The same activity with other counts keeps its clock.
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
    // A terminal of unknown size reports 0.
    const width = (this.stream.columns || 80) - 1
    const since = ` (${elapsed(this.now() - this.activitySince)})`
    const texts = this.activity.map(({ text, until }) => {
      const time = Number.isNaN(until) ? since : ` (${elapsed(Math.max(0, until - this.now()))} left)`
      const room = width - 4 - time.length
      return `  ${palette.warn(spinner)} ${text.length > room ? `${text.slice(0, room - 1)}…` : text}${palette.dim(time)}`
    })
    this.stream.write(this.erased() + texts.map((text) => `${text}\n`).join(''))
    this.drawn = texts.length
  }

  /** The escapes that erase the live lines drawn last. */
  private erased(): string {
    const { drawn } = this
    this.drawn = 0
    if (!this.options.live) return ''
    // From the first column on: a terminal shows ^C at the cursor.
    return `\r${drawn > 0 ? `\u001b[${drawn}A` : ''}\u001b[J`
  }
}

function kindOf(activity: { text: string }[]): string {
  return activity.map(({ text }) => text.split(':')[0]).join('|')
}
