import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** What tells a process from all others: two may have the same pid in turn, or in two containers. */
export interface ProcessIdentity {
  host: string
  pid: number
  /** Boot and namespaces; empty where the system does not tell. */
  scope: string
  /** When it was started: ticks since boot, or a date; empty where the system does not tell. */
  started: string
}

export function thisProcess(): ProcessIdentity {
  return processOf(process.pid)
}

/** The process of this host that has the pid now. */
export function processOf(pid: number): ProcessIdentity {
  return { host: hostname(), pid, scope: scope(), started: lifeOf(pid)?.started ?? '' }
}

/** Whether this process was on this host and is there no more; false wherever that can't be told. */
export function hasDied(other: ProcessIdentity, own: ProcessIdentity = thisProcess()): boolean {
  // The same name may be that of two hosts: without knowing the boot nothing is known.
  if (own.scope === '' || other.host !== own.host || other.scope !== own.scope) return false
  try {
    process.kill(other.pid, 0)
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') {
      return (error as NodeJS.ErrnoException).code === 'ESRCH'
    }
  }
  const life = lifeOf(other.pid)
  if (!life) return false
  // Somebody has the pid; started at another time, it is somebody else.
  return life.isOver || (other.started !== '' && life.started !== other.started)
}

/** The processes that can be seen from here: those of this boot, in this namespace. */
function scope(): string {
  try {
    if (process.platform === 'darwin') return said('sysctl', ['-n', 'kern.bootsessionuuid'])
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
}

/** Since when a process lives; `isOver` for one that ended, but that its parent did not look after. */
function lifeOf(pid: number): { started: string; isOver: boolean } | undefined {
  try {
    if (process.platform !== 'linux') {
      const started = said('ps', ['-o', 'lstart=', '-p', String(pid)])
      return started === '' ? undefined : { started, isOver: false }
    }
    // Fields 3 and 22 of /proc/PID/stat; the name before them may hold blanks and brackets.
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
