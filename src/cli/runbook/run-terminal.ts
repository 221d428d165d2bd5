import { onOneLine } from '../../report/terminal/terminal-text.js'
import { setTimeout as pause } from 'node:timers/promises'
import { type Activity, LiveArea } from '../../report/terminal/live-area.js'
import { canRedraw, type Output } from '../output/output.js'

const AFTER_ANSWER_MS = 100

/**
 * The terminal of a run on several apps: prints their lines in order, holds them back during a question, and asks one
 * question at a time.
 */
export class RunTerminal {
  private readonly area: LiveArea
  private held?: string[]
  private before: Promise<unknown> = Promise.resolve()

  constructor(private readonly output: Output) {
    const { stderrPalette: palette } = output
    this.area = new LiveArea(process.stderr, { palette, live: canRedraw() && !output.noCommands })
  }

  line(text: string): void {
    this.write(this.output.clean(onOneLine(text)))
  }

  /** Clears the live lines. */
  pause(): void {
    this.show([])
  }

  asking<T>(ask: () => Promise<T>): Promise<T> {
    const answer = this.before.then(() => this.holding(ask))
    // The lines that follow from an answer come before the next question.
    this.before = answer.catch(() => undefined).then(() => pause(AFTER_ANSWER_MS))
    return answer
  }

  /** A command line for a CI system; its secrets are masked as well. */
  command(line: string): void {
    this.write(this.output.secrets.maskText(line))
  }

  /** Current activity, below the lines; empty before others write, and at the end. */
  show(now: Activity[]): void {
    const { clean } = this.output
    const shown = now.map((one) => (typeof one === 'string' ? clean(one) : { ...one, text: clean(one.text) }))
    if (!this.held) this.area.show(shown)
  }

  private write(line: string): void {
    if (this.held) this.held.push(line)
    else this.area.print([line])
  }

  private async holding<T>(ask: () => Promise<T>): Promise<T> {
    this.pause()
    this.held = []
    try {
      return await ask()
    } finally {
      const lines = this.held
      this.held = undefined
      for (const line of lines) this.write(line)
    }
  }
}
