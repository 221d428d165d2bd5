/** Lines kept of one pod. */
const LIMIT = 5_000

/** What a pod wrote, its last lines, each with its time as Go's logger gives it. */
export class PodLog {
  private lines: string[] = []

  add(line: string): void {
    const time = new Date().toISOString().slice(0, 19).replace('T', ' ').replaceAll('-', '/')
    this.lines.push(`${time} ${line}\n`)
    if (this.lines.length > LIMIT * 1.2) this.lines = this.lines.slice(-LIMIT)
  }

  /** Undefined while nothing was written. */
  text(): string | undefined {
    return this.lines.length === 0 ? undefined : this.lines.join('')
  }
}
