import type { CanaryEvent } from '../../model/events/events.js'
import { EventLines } from '../text/event-lines.js'
import { onOneLine, plainTexts } from './terminal-text.js'
import { LiveArea, type LiveOptions, type ProgressStream } from './live-area.js'

export interface ProgressOptions extends LiveOptions {
  /** Applied to each line before it is shown: masks secrets, removes what a terminal would obey. */
  clean?: (text: string) => string
}

/**
 * Reports progress on stderr: each event's lines and, on a terminal, the current activity below them. Elsewhere nothing
 * is animated: one plain line per change.
 */
export class Progress {
  private readonly eventLines: EventLines
  private readonly area: LiveArea
  private readonly clean: (text: string) => string
  private finishingNow?: string
  private printedState = ''

  constructor(
    stream: ProgressStream,
    private readonly options: ProgressOptions,
  ) {
    this.eventLines = new EventLines(options.palette)
    this.area = new LiveArea(stream, options)
    this.clean = options.clean ?? ((text) => text)
  }

  /** Printed first; off a terminal only for commands with a title, which change or verify something. */
  begin(title: string | undefined, activity: string): void {
    if (!this.options.live && title) this.line(`${title}: ${activity}`)
    this.show([activity])
  }

  emit(event: CanaryEvent): void {
    const { lines, live, state, finishing } = this.eventLines.report(plainTexts(event))
    const changed = state !== undefined && state.join('\n') !== this.printedState
    if (state) this.printedState = state.join('\n')
    if (!this.options.live && changed)
      lines.push(...state.map((text) => `  ${this.options.palette.dim('…')} ${text}`))
    this.print(lines)
    if (!live) return
    this.finishingNow = finishing
    this.show(live)
  }

  /** A line that is not from an event. */
  line(text: string): void {
    this.print([text])
  }

  /** The current activity that a signal does not interrupt: `helm upgrade`. */
  finishing(): string | undefined {
    return this.finishingNow
  }

  /** Clears the live lines. */
  pause(): void {
    this.show([])
  }

  /** Asks a person, with the live lines away. */
  asking<T>(ask: () => Promise<T>): Promise<T> {
    this.pause()
    return ask()
  }

  private print(lines: string[]): void {
    this.area.print(lines.map((line) => this.clean(onOneLine(line))))
  }

  private show(now: string[]): void {
    this.area.show(now.map((text) => this.clean(text)))
  }
}
