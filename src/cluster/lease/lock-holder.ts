import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Identifies a process: a pid may be reused, or the same in two containers. */
export interface ProcessIdentity {
  host: string
  pid: number
  /** Boot and namespaces; empty if the system does not report them. */
  scope: string
  /** Its start: ticks since boot, or a date; empty if the system does not report it. */
  started: string
}

export function thisProcess(): ProcessIdentity {
  return processOf(process.pid)
}

/** The process of this host with this pid now. */
export function processOf(pid: number): ProcessIdentity {
  return { host: hostname(), pid, scope: scope(), started: lifeOf(pid)?.started ?? '' }
}

/** Whether this process ran on this host and is gone; false if unknown. */
export function hasDied(other: ProcessIdentity, own: ProcessIdentity = thisProcess()): boolean {
  // Two hosts may have the same name: without the boot's id nothing is certain.
  if (own.scope === '' || other.host !== own.host || other.scope !== own.scope) return false
  try {
    process.kill(other.pid, 0)
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') {
      return (error as NodeJS.ErrnoException).code === 'ESRCH'
    }
  }
  const life = lifeOf(other.pid)
  if (!life) return false
  // The pid is in use; if started at another time, by another process.
  return life.isOver || (other.started !== '' && life.started !== other.started)
}

/** The processes visible from here: those of this boot, in this namespace. */
function scope(): string {
  try {
    if (process.platform === 'darwin') return said('sysctl', ['-n', 'kern.bootsessionuuid'])
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
}

/** Start of a process; `isOver` for a zombie. */
function lifeOf(pid: number): { started: string; isOver: boolean } | undefined {
  try {
    if (process.platform !== 'linux') {
      const started = said('ps', ['-o', 'lstart=', '-p', String(pid)])
      return started === '' ? undefined : { started, isOver: false }
    }
    // Fields 3 and 22 of /proc/PID/stat; the name before them may contain blanks and brackets.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { started: fields[19] ?? '', isOver: fields[0] === 'Z' || fields[0] === 'X' }
  } catch {
    return undefined
  }
}

function said(program: string, args: string[]): string {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  return execFileSync(program, args, {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 5000,
  }).trim()
}
