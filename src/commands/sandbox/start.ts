import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../cli/base-command.js'
import { describeSandbox, viewSandbox } from '../../cli/sandbox/sandbox-texts.js'
import { ExternalError, UsageError } from '../../model/errors.js'
import type { SandboxState } from '../../sandbox/daemon.js'
import { LIKES } from '../../sandbox/gateway/gateway-api/like.js'
import type { Provider, SandboxOptions } from '../../sandbox/sandbox.js'

/** How often it is looked whether a process has ended. */
const LOOK_EVERY_MS = 300
/** How long the process in the background may take until it answers. */
const START_TIMEOUT_MS = 15_000

type StartOptions = Required<Pick<SandboxOptions, 'proxies' | 'providers' | 'like'>>

export default class SandboxStart extends BaseCommand {
  static override summary = 'Start an embedded cluster with gateways, in the background'
  static override description =
    'An API server that the real helm and kubectl work against, with Gloo, a Gateway API implementation and their proxies ' +
    'simulated: to try canary out and to rehearse failures, without Docker. There is one for each user; starting it again ' +
    'finds it.'
  static override examples = [
    '<%= config.bin %> sandbox start && eval "$(<%= config.bin %> sandbox env)"',
    '<%= config.bin %> sandbox start --proxies 3',
    '<%= config.bin %> sandbox start --gateway-api --like traefik',
    '<%= config.bin %> sandbox start --foreground',
  ]
  static override flags = {
    'gateway-api': Flags.boolean({
      allowNo: true,
      env: 'CANARY_SANDBOX_GATEWAY_API',
      description: 'Only the Gateway API, without Gloo; with --no-gateway-api only Gloo (default: both)',
    }),
    like: Flags.string({
      helpValue: LIKES.join('|'),
      env: 'CANARY_SANDBOX_LIKE',
      description: 'The implementation of the Gateway API to behave like (default envoy-gateway)',
    }),
    proxies: Flags.integer({
      env: 'CANARY_SANDBOX_PROXIES',
      description: 'How many proxies each gateway has; later: kubectl scale their Deployment',
      default: 1,
      min: 1,
      max: 10,
    }),
    'while-pid': Flags.integer({
      helpValue: '<pid>',
      env: 'CANARY_SANDBOX_WHILE_PID',
      description: 'Stop when this process ends; in a script: --while-pid $$',
      min: 1,
    }),
    foreground: Flags.boolean({ description: 'Stay in the foreground and log every change until Ctrl-C' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(SandboxStart)
    const options = optionsOf(flags)
    const { runningSandbox, stateFolder } = await import('../../sandbox/daemon.js')
    const folder = stateFolder()
    const found = await runningSandbox(folder)
    if (found) return this.show(found, 'the sandbox runs already')
    const { 'while-pid': owner } = flags
    const ownerEnded = owner === undefined ? undefined : await endOf(owner)
    if (flags.foreground) return this.serve(folder, options, ownerEnded)
    await this.show(await this.detach(folder, options, owner), 'the sandbox runs')
  }

  private async show(state: SandboxState, headline: string): Promise<void> {
    const view = viewSandbox(state)
    await this.print(view, (palette) => describeSandbox(view, headline, palette))
  }

  /** Is the sandbox until a signal ends it, or the process it is there for has ended. */
  private async serve(folder: string, options: StartOptions, ownerEnded?: AbortSignal): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      process.once('SIGINT', resolve)
      process.once('SIGTERM', resolve)
      ownerEnded?.addEventListener('abort', () => resolve())
      if (ownerEnded?.aborted) resolve()
    })
    const [{ startSandbox }, { removeState, runningSandbox, writeState }, { exclusively }] =
      await Promise.all([
        import('../../sandbox/sandbox.js'),
        import('../../sandbox/daemon.js'),
        import('../../cli/sandbox/folder-lock.js'),
      ])
    const sandbox = await startSandbox(options)
    const { apiUrl, proxyUrl, gatewayUrl, controlUrl, token, kubeconfig } = sandbox
    const { pid } = process
    try {
      const state = await exclusively(folder, async () => {
        const other = await runningSandbox(folder)
        if (other) return other
        const startedAt = new Date().toISOString()
        const state = { pid, apiUrl, proxyUrl, gatewayUrl, controlUrl, token, startedAt }
        return writeState(folder, state, kubeconfig)
      })
      if (state.pid !== pid) return await this.show(state, 'another sandbox was first')
      await this.show(state, 'the sandbox runs')
      sandbox.store.subscribe(({ type, object, resource }) => {
        const { name, namespace } = object.metadata
        const time = new Date().toISOString().slice(11, 23)
        process.stderr.write(`${time} ${type.toLowerCase()} ${resource.plural} ${namespace ?? '-'}/${name}\n`)
      })
      await ended
      await removeState(folder, pid)
    } finally {
      await sandbox.close()
    }
  }

  /** Starts this program again in the background, and resolves once its sandbox answers. */
  private async detach(
    folder: string,
    { proxies, providers, like }: StartOptions,
    owner?: number,
  ): Promise<SandboxState> {
    const [
      { spawn },
      { mkdir, open, readFile },
      { setTimeout: sleep },
      { default: path },
      { runningSandbox },
    ] = await Promise.all([
      import('node:child_process'),
      import('node:fs/promises'),
      import('node:timers/promises'),
      import('node:path'),
      import('../../sandbox/daemon.js'),
    ])
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const logFile = path.join(folder, 'sandbox.log')
    const log = await open(logFile, 'w', 0o600)
    const itself = [...process.execArgv, process.argv[1]!]
    const flags = [
      '--proxies',
      String(proxies),
      '--like',
      like,
      ...(providers.length === 2 ? [] : [providers[0] === 'gloo' ? '--no-gateway-api' : '--gateway-api']),
      ...(owner === undefined ? [] : ['--while-pid', String(owner)]),
    ]
    const program = [...itself, 'sandbox', 'start', '--foreground', ...flags]
    const child = spawn(process.execPath, program, {
      detached: true,
      cwd: this.config.root,
      stdio: ['ignore', log.fd, log.fd],
    })
    const failed = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('exit', (code, signal) => resolve(`it ended with ${code ?? signal}`))
    })
    child.unref()
    await log.close()
    const deadline = Date.now() + START_TIMEOUT_MS
    let why: string | undefined
    while (why === undefined && Date.now() < deadline) {
      const state = await runningSandbox(folder)
      if (state) return state
      why = await Promise.race([failed, sleep(30, undefined)])
    }
    throw new ExternalError(`The sandbox did not start: ${why ?? 'it did not answer in time'}.`, {
      command: `${process.execPath} ${program.join(' ')}`,
      stderr: await readFile(logFile, 'utf8'),
      nextSteps: ['canary sandbox start --foreground    (shows what it does)'],
    })
  }
}

/** Throws UsageError for an implementation that is not known, or is not played. */
function optionsOf({
  proxies,
  'gateway-api': only,
  like = 'envoy-gateway',
}: {
  proxies: number
  'gateway-api'?: boolean
  like?: string
}): StartOptions {
  const known = LIKES.find((one) => one === like)
  if (!known) throw new UsageError(`invalid value "${like}" for --like (expected ${LIKES.join(', ')})`)
  const providers: Provider[] =
    only === undefined ? ['gloo', 'gateway-api'] : only ? ['gateway-api'] : ['gloo']
  return { proxies, providers, like: known }
}

/** A signal that is aborted once a process has ended. Throws UsageError where there is none. */
async function endOf(pid: number): Promise<AbortSignal> {
  const { hasDied, processOf, thisProcess } = await import('../../cluster/lease/lock-holder.js')
  const own = thisProcess()
  const owner = processOf(pid)
  if (hasDied(owner, own)) {
    throw new UsageError(`There is no process ${pid}: the sandbox would end at once.`, {
      nextSteps: ['--while-pid $$    (in a script: as long as the script runs)'],
    })
  }
  const ended = new AbortController()
  const timer = setInterval(() => {
    if (!hasDied(owner, own)) return
    clearInterval(timer)
    ended.abort()
  }, LOOK_EVERY_MS)
  timer.unref()
  return ended.signal
}
