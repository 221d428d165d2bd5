import { spawn, type ChildProcess } from 'node:child_process'

export interface Ended {
  /** Undefined where a signal ended it. */
  code?: number
  signal?: NodeJS.Signals
  stdout: string
  stderr: string
  /** Milliseconds from its start to its end. */
  ms: number
}

/** One canary as a user's process, to be killed or waited for. */
export class CanaryProcess {
  readonly ended: Promise<Ended>
  hasEnded = false
  private readonly child: ChildProcess

  constructor(
    runJs: string,
    readonly args: string[],
    options: { env: Record<string, string>; cwd: string },
  ) {
    const started = performance.now()
    const output = { stdout: '', stderr: '' }
    const child = spawn(process.execPath, [runJs, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    this.child = child
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text))
    }
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', () => (this.hasEnded = true))
      child.once('close', (code, signal) =>
        resolve({
          code: code ?? undefined,
          signal: signal ?? undefined,
          ...output,
          ms: performance.now() - started,
        }),
      )
    })
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('canary could not be started')
    return this.child.pid
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }
}

/** How a process ended, in a word: its exit code or its signal. */
export function endOf({ code, signal }: Pick<Ended, 'code' | 'signal'>): string {
  return String(code ?? signal ?? 'unknown')
}
