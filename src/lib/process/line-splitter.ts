/** Characters of a line that are shown; a longer one is cut. */
const LONGEST_LINE = 4096
/** A line without its end is shown after this silence: a question waits for its answer on the same line. */
const SILENCE_MS = 100

/** Cuts what a program writes into lines, each handed on as soon as it is there. */
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

  /** Hands on what has no end yet. */
  flush(): void {
    clearTimeout(this.timer)
    this.say(this.rest)
    this.rest = ''
  }

  private say(line: string): void {
    if (line.trim()) this.line(line.slice(0, LONGEST_LINE))
  }
}
