import { readdir, readFile, readlink } from 'node:fs/promises'

/** A process of this machine, as /proc has it. */
export interface ProcessEntry {
  pid: number
  command: string
}

/** All processes below one, children before grandchildren. Quick: only they are looked at. */
export async function descendants(pid: number): Promise<ProcessEntry[]> {
  const children = (await Promise.all((await childrenOf(pid)).map(entryOf))).filter(
    (entry) => entry !== undefined,
  )
  const below = await Promise.all(children.map((child) => descendants(child.pid)))
  return [...children, ...below.flat()]
}

/** Each thread has those that it has started. */
async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  )
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number))
}

/** Processes whose working directory is `folder`, this one left out: what commands run there have left behind. */
export async function processesIn(folder: string): Promise<ProcessEntry[]> {
  const all = await processes()
  const inside = await Promise.all(
    all.map(async ({ pid }) => {
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '')
      return pid !== process.pid && cwd === folder
    }),
  )
  return all.filter((_, index) => inside[index])
}

/** Whether there is such a process, not counting one that only waits to be buried. */
export async function isRunning(pid: number): Promise<boolean> {
  return (await entryOf(pid)) !== undefined
}

/** Kills a process and all it has started, at one moment: stopped first, it starts no more. */
export async function killTree(pid: number): Promise<void> {
  signal(pid, 'SIGSTOP')
  for (const child of await descendants(pid)) signal(child.pid, 'SIGKILL')
  signal(pid, 'SIGKILL')
}

/** Sends a signal; fine where the process is gone. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function processes(): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const entries = await Promise.all(pids.map(entryOf))
  return entries.filter((entry) => entry !== undefined)
}

async function entryOf(pid: number): Promise<ProcessEntry | undefined> {
  try {
    const [stat, command] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ])
    // The name in parentheses may hold anything; the state comes after it.
    if (stat[stat.lastIndexOf(')') + 2] === 'Z') return undefined
    return { pid, command: command.replaceAll('\0', ' ').trim() }
  } catch {
    return undefined // it has ended meanwhile
  }
}
