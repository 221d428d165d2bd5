import { readdir, readFile } from 'node:fs/promises'

/** The running descendants of a process; none if the system does not list them. */
export async function descendantsOf(pid: number): Promise<number[]> {
  const parents = process.platform === 'linux' ? await procParents() : await psParents()
  const found: number[] = []
  for (let generation = [pid]; generation.length > 0;) {
    generation = parents.flatMap(([child, parent]) => (generation.includes(parent) ? [child] : []))
    found.push(...generation)
  }
  return found
}

type Pair = [child: number, parent: number]

async function procParents(): Promise<Pair[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')))
  return stats.flatMap((stat, index): Pair[] => {
    // `pid (name) state parent …`; the name may contain anything.
    const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return isRunning(state) ? [[Number(pids[index]), Number(parent)]] : []
  })
}

async function psParents(): Promise<Pair[]> {
  const { execa } = await import('execa')
  const { stdout = '' } = await execa('ps', ['-A', '-o', 'pid=,ppid=,state='], {
    reject: false,
    stdin: 'ignore',
  })
  return stdout.split('\n').flatMap((line): Pair[] => {
    const [pid, parent, state = ''] = line.trim().split(/\s+/)
    return isRunning(state) ? [[Number(pid), Number(parent)]] : []
  })
}

function isRunning(state: string): boolean {
  return state !== '' && !/^[ZX]/.test(state)
}
