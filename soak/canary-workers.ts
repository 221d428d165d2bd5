import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('canary-worker.mjs', import.meta.url))

export interface CommandOutcome {
  exitCode: number
  stdout: string
  stderr: string
}

/**
 * Processes that run one canary command after the other: most of the CPU time of a command goes into starting Node and
 * compiling. Commands at the same time run in processes of their own.
 */
export class CanaryWorkers {
  private readonly all = new Set<ChildProcess>()
  private readonly idle: ChildProcess[] = []

  /** Runs the build in `root`. */
  constructor(
    private readonly root: string,
    private readonly cwd: string,
    private readonly env: Record<string, string>,
  ) {}

  /** Rejects if the process ends by itself: with what it printed last. */
  async run(argv: string[], env: Record<string, string> = {}): Promise<CommandOutcome> {
    const worker = this.idle.pop() ?? (await this.start())
    const outcome = received<CommandOutcome>(worker, argv.join(' '))
    worker.send({ argv, env })
    const result = await outcome
    this.idle.push(worker)
    return { ...result, stdout: withoutLastBreak(result.stdout), stderr: withoutLastBreak(result.stderr) }
  }

  has(pid: number): boolean {
    return [...this.all].some((worker) => worker.pid === pid)
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.all].map(async (worker) => {
        const ended = new Promise((resolve) => worker.once('exit', resolve))
        worker.disconnect()
        await ended
      }),
    )
  }

  private async start(): Promise<ChildProcess> {
    const { cwd, env } = this
    const worker = fork(program, [this.root], {
      cwd,
      env,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.all.add(worker)
    worker.once('exit', () => this.all.delete(worker))
    await received(worker, 'its start')
    return worker
  }
}

function received<T>(worker: ChildProcess, during: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null) =>
      reject(new Error(`the process of canary ended with ${code ?? signal} during: ${during}`))
    worker.once('exit', ended)
    worker.once('message', (message) => {
      worker.off('exit', ended)
      resolve(message as T)
    })
  })
}

function withoutLastBreak(text: string): string {
  return text.replace(/\n$/, '')
}
