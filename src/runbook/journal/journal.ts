import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { UsageError } from '../../model/errors.js'
import type { JournalHead, JournalLine } from './journal-line.js'

/** A line is at most so long that its end is found from the end of the file. */
const TAIL_BYTES = 1024 * 1024

/** How each line of a journal begins: nothing else in a file is canary's to remove. */
const LINE_START = '{"v":1,"time":'

/**
 * A file that gets one JSON line for each thing that happened, on disk before the run continues. Lines are only ever added. A
 * line that a killed run left half written is removed when the file is opened again; whatever else the file ends with stays.
 */
export class Journal {
  private isBroken = false

  private constructor(
    private readonly descriptor: number,
    private readonly mask: (line: JournalLine) => JournalLine,
    private readonly failed: (message: string) => void,
  ) {}

  /**
   * Throws UsageError for a file that cannot be written. `mask` hides secrets; `failed` is called once if the disk fills up or
   * goes away later: no rollout stops for that.
   */
  static open(
    file: string,
    mask: (line: JournalLine) => JournalLine,
    failed: (message: string) => void,
  ): Journal {
    let descriptor: number
    try {
      descriptor = openSync(file, 'a+', 0o600)
    } catch (error) {
      throw new UsageError(`Cannot write events to ${file}: ${(error as Error).message}`, {
        state: 'Nothing was changed.',
        nextSteps: ['name a writable file in an existing folder'],
      })
    }
    endLastLine(descriptor)
    return new Journal(descriptor, mask, (why) => failed(`Events are no longer written to ${file}: ${why}`))
  }

  write(head: Omit<JournalHead, 'v' | 'time'>, fields: Record<string, unknown> = {}, now = new Date()): void {
    const line = this.mask({ v: 1, time: now.toISOString(), ...head, ...fields })
    if (this.isBroken) return
    try {
      writeSync(this.descriptor, `${JSON.stringify(line)}\n`)
      if (fstatSync(this.descriptor).isFile()) fdatasyncSync(this.descriptor)
    } catch (error) {
      this.isBroken = true
      this.failed((error as Error).message)
    }
  }

  close(): void {
    closeSync(this.descriptor)
  }
}

/** Makes the file end with a whole line: removes half a line of a journal, and ends any other line. */
function endLastLine(descriptor: number): void {
  const stats = fstatSync(descriptor)
  if (!stats.isFile() || stats.size === 0) return
  const tail = Buffer.alloc(Math.min(stats.size, TAIL_BYTES))
  readSync(descriptor, tail, 0, tail.length, stats.size - tail.length)
  const start = tail.lastIndexOf('\n') + 1
  if (start === tail.length) return
  if (isHalfLine(tail.toString('utf8', start))) ftruncateSync(descriptor, stats.size - tail.length + start)
  else writeSync(descriptor, '\n')
}

function isHalfLine(text: string): boolean {
  if (!text.startsWith(LINE_START)) return false
  try {
    JSON.parse(text)
    return false
  } catch {
    return true
  }
}
