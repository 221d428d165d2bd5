import { removeState, runningSandbox, type SandboxState, writeState } from '../../sandbox/daemon.js'
import { type SandboxOptions, startSandbox } from '../../sandbox/sandbox.js'
import { exclusively } from './folder-lock.js'
import { type RealGatewayChoice, withEnvoy, withPrograms } from './real-gateway.js'

export type StartOptions = Required<Pick<SandboxOptions, 'proxies' | 'providers' | 'like'>> & {
  real?: RealGatewayChoice
  /** The real Envoy as Gloo's proxies. */
  envoy?: { bin?: string }
}

/** Runs the sandbox in this process until a signal stops it, or the process of --while-pid ends. */
export async function serveSandbox(
  folder: string,
  options: StartOptions,
  ownerEnded: AbortSignal | undefined,
  show: (state: SandboxState, headline: string) => Promise<void>,
): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
    ownerEnded?.addEventListener('abort', () => resolve())
    if (ownerEnded?.aborted) resolve()
  })
  const { real: choice, envoy: wanted, ...parts } = options
  const envoy = wanted && (await withEnvoy(wanted, folder))
  const real = choice && (await withPrograms(choice, folder))
  const sandbox = await startSandbox({ ...parts, ...(real ? { real } : {}), ...(envoy ? { envoy } : {}) })
  const { apiUrl, proxyUrl, gatewayUrl, controlUrl, token, kubeconfig } = sandbox
  const { pid } = process
  try {
    const state = await exclusively(folder, async () => {
      const other = await runningSandbox(folder)
      if (other) return other
      const startedAt = new Date().toISOString()
      const state = {
        pid,
        apiUrl,
        proxyUrl,
        gatewayUrl,
        controlUrl,
        token,
        startedAt,
        realGateway: real?.gateway,
      }
      return writeState(folder, state, kubeconfig)
    })
    if (state.pid !== pid) return await show(state, 'another sandbox started first')
    await show(state, 'the sandbox is running')
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
