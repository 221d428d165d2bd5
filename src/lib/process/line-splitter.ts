/** Characters shown of a line; the rest is cut. */
const LONGEST_LINE = 4096
/** An unfinished line is shown after this silence: a prompt waits for its answer on the same line. */
const SILENCE_MS = 100

/** Splits a program's output into lines, each passed on as soon as it is complete. */
export class LineSplitter {
  private rest = ''
  private timer?: NodeJS.Timeout

  constructor(private readonly line: (text: string) => void) {}

  write(text: string): void {
    clearTimeout(this.timer)
    const lines = (this.rest + text).split(/\r\n|[\r\n]/)
    this.rest = (lines.pop() ?? '').slice(0, LONGEST_LINE)
    for (const line of lines) this.say(line)
    if (this.rest) this.timer = setTimeout(() => this.flush(), SILENCE_MS).unref()
  }

  /** Passes on the unfinished line. */
  flush(): void {
    clearTimeout(this.timer)
    this.say(this.rest)
    this.rest = ''
  }

  private say(line: string): void {
    if (line.trim()) this.line(line.slice(0, LONGEST_LINE))
  }
}
