import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** What tells a process from all others: two may have the same pid in turn, or in two containers. */
export interface ProcessIdentity {
  host: string
  pid: number
  /** Boot and pid namespace; empty where the system does not tell. */
  scope: string
  /** When it was started, in ticks since boot; empty where the system does not tell. */
  started: string
}

export function thisProcess(): ProcessIdentity {
  return { host: hostname(), pid: process.pid, scope: scope(), started: startOf(process.pid) }
}

/** Whether this process was on this host and is there no more; false wherever that can't be told. */
export function hasDied(other: ProcessIdentity, own: ProcessIdentity = thisProcess()): boolean {
  if (other.host !== own.host || other.scope !== own.scope) return false
  try {
    process.kill(other.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  // Somebody has the pid; started at another time, it is somebody else.
  return other.started !== '' && startOf(other.pid) !== other.started
}

function scope(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
}

/** Field 22 of /proc/PID/stat; the name before it may hold blanks and brackets. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
