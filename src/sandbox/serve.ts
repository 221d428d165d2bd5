import { removeState, type SandboxState, writeState } from './daemon.js'
import { startSandbox } from './sandbox.js'

/**
 * Runs a sandbox in this process until SIGINT or SIGTERM, with its state in the folder for other processes to find.
 * `ready` is called once it can be used; resolves when it is gone.
 */
export async function serveSandbox(folder: string, ready: (state: SandboxState) => void): Promise<void> {
  const sandbox = await startSandbox()
  const { apiUrl, proxyUrl, controlUrl, token, kubeconfig } = sandbox
  const started = {
    pid: process.pid,
    apiUrl,
    proxyUrl,
    controlUrl,
    token,
    startedAt: new Date().toISOString(),
  }
  const ended = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
  ready(await writeState(folder, started, kubeconfig))
  await ended
  await removeState(folder, process.pid)
  await sandbox.close()
}
