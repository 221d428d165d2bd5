/** Lines kept of one run. */
const LIMIT = 5_000

/** The log of a pod's last two runs, their last lines, with times like those of Go's logger. */
export class PodLog {
  private readonly runs: string[][] = []

  /** The container starts, for the first time or again. */
  begin(): void {
    this.runs.unshift([])
    this.runs.length = Math.min(this.runs.length, 2)
  }

  add(line: string): void {
    const [run] = this.runs
    if (!run) return
    const time = new Date().toISOString().slice(0, 19).replace('T', ' ').replaceAll('-', '/')
    run.push(`${time} ${line}\n`)
    if (run.length > LIMIT * 1.2) run.splice(0, run.length - LIMIT)
  }

  /** The last run, or the previous one; undefined without one. */
  text(isBefore = false): string | undefined {
    return this.runs[isBefore ? 1 : 0]?.join('')
  }
}
