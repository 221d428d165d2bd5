import type { CanaryEvent } from '../../model/events.js'
import { EventLines } from '../text/event-lines.js'
import { onOneLine, plainTexts } from './terminal-text.js'
import { LiveArea, type LiveOptions, type ProgressStream } from './live-area.js'

export interface ProgressOptions extends LiveOptions {
  /** What is done to each line before it is shown: secrets masked, nothing in it obeyed by the terminal. */
  clean?: (text: string) => string
}

/**
 * Reports on stderr what happens: every event's lines as they come and, on a terminal, what is going on right
 * now below them. Elsewhere nothing is animated: one plain line for each change.
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

  /**
   * Said before anything else is done; off a terminal only of commands that have a title: those that change
   * or prove.
   */
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

  /** A line of its own, for what is no event. */
  line(text: string): void {
    this.print([text])
  }

  /** What goes on and is not broken off, for the word on a signal: `helm upgrade`. */
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
