import { execa } from 'execa'

export interface Run {
  /** User and system seconds of the process and the children it waited for. */
  cpu: number
  /** Seconds on the clock. */
  wall: number
}

/** Runs a command as a whole process and lets bash time it, children included. Throws when it fails. */
export async function time(command: string, args: string[], env: Record<string, string> = {}): Promise<Run> {
  const script = `TIMEFORMAT='%R %U %S'; exec 3>&2; time "$0" "$@" >/dev/null 2>/dev/null`
  const { stderr } = await execa('bash', ['-c', script, command, ...args], { env })
  const [wall = NaN, user = NaN, system = NaN] = stderr.trim().split(/\s+/).map(Number)
  return { cpu: user + system, wall }
}

/** A Node program's own process alone, without the helm and kubectl it starts: CPU seconds, and most memory in MB. */
export async function run(
  args: string[],
  env: Record<string, string>,
): Promise<{ wall: number; cpu: number; mb: number }> {
  const report =
    'data:text/javascript,' +
    encodeURIComponent(
      `process.on('exit',()=>{const u=process.resourceUsage();process.stderr.write('\\nOWN '+(u.userCPUTime+u.systemCPUTime)/1e6+' '+u.maxRSS/1024+'\\n')})`,
    )
  const started = performance.now()
  const { stderr } = await execa(process.execPath, ['--import', report, ...args], { env })
  const wall = (performance.now() - started) / 1000
  const [, cpu, mb] = /OWN ([\d.]+) ([\d.]+)\s*$/.exec(stderr) ?? []
  return { wall, cpu: Number(cpu), mb: Number(mb) }
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Runs two things in turn, A B A B …, after one warm-up of each, so that a drifting machine harms neither. */
export async function inPairs<T>(
  pairs: number,
  a: () => Promise<T>,
  b: () => Promise<T>,
): Promise<{ a: T[]; b: T[] }> {
  await a()
  await b()
  const results: { a: T[]; b: T[] } = { a: [], b: [] }
  for (let pair = 0; pair < pairs; pair += 1) {
    results.a.push(await a())
    results.b.push(await b())
  }
  return results
}
