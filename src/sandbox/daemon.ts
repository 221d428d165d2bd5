import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault, OrderedFault } from './faults.js'

/** The state of a running sandbox, in its state folder for other processes. */
export interface SandboxState {
  pid: number
  apiUrl: string
  proxyUrl: string
  /** Of the Gateway's proxies; undefined without the Gateway API. */
  gatewayUrl?: string
  /** The real implementation of the Gateway API that runs in it, if any. */
  realGateway?: string
  controlUrl: string
  token: string
  /** Path of its kubeconfig. */
  kubeconfig: string
  /** ISO time. */
  startedAt: string
}

const STOP_TIMEOUT_MS = 10_000
const CONTROL_TIMEOUT_MS = 3_000

/** Where the one sandbox of a user keeps its state: $XDG_STATE_HOME/canary/sandbox, by default below ~/.local/state. */
export function stateFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_STATE_HOME || path.join(homedir(), '.local', 'state')
  return path.join(base, 'canary', 'sandbox')
}

/** Writes kubeconfig and state, readable by the user alone; the state last and atomically. */
export async function writeState(
  folder: string,
  state: Omit<SandboxState, 'kubeconfig'>,
  kubeconfig: string,
): Promise<SandboxState> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const kubeconfigPath = path.join(folder, 'kubeconfig')
  await writeFile(kubeconfigPath, kubeconfig, { mode: 0o600 })
  const whole = { ...state, kubeconfig: kubeconfigPath }
  const partial = path.join(folder, `state-${process.pid}.json`)
  await writeFile(partial, `${JSON.stringify(whole, undefined, 2)}\n`, { mode: 0o600 })
  await rename(partial, stateFile(folder))
  return whole
}

/** Removes the state, if it is still that of this process. */
export async function removeState(folder: string, pid: number): Promise<void> {
  if ((await readState(folder))?.pid !== pid) return
  await rm(stateFile(folder), { force: true })
  await rm(path.join(folder, 'kubeconfig'), { force: true })
}

/** The running sandbox; undefined if none runs (the state of a killed one does not count). */
export async function runningSandbox(folder: string): Promise<SandboxState | undefined> {
  const state = await readState(folder)
  return state && isAlive(state.pid) && (await answers(state)) ? state : undefined
}

/** Ends a sandbox and waits until it is gone. Throws if it does not end in time. */
export async function stopSandbox(state: SandboxState): Promise<void> {
  signal(state.pid, 'SIGTERM')
  const deadline = Date.now() + STOP_TIMEOUT_MS
  while (isAlive(state.pid)) {
    if (Date.now() > deadline) throw new Error(`the sandbox (pid ${state.pid}) did not end within 10 s`)
    await sleep(20)
  }
}

/** Orders, lists or removes faults of a running sandbox. Throws with the sandbox's message if it refuses. */
export const remoteFaults = {
  list: (state: SandboxState) => control<OrderedFault[]>(state, 'GET', ''),
  add: (state: SandboxState, fault: Fault) => control<OrderedFault>(state, 'POST', '', fault),
  remove: (state: SandboxState, id: number) => control<OrderedFault[]>(state, 'DELETE', `/${id}`),
  clear: (state: SandboxState) => control<OrderedFault[]>(state, 'DELETE', ''),
}

async function control<T>(state: SandboxState, method: string, id: string, body?: object): Promise<T> {
  const response = await fetch(`${state.controlUrl}/faults${id}`, {
    method,
    headers: { authorization: `Bearer ${state.token}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(CONTROL_TIMEOUT_MS),
    body: body && JSON.stringify(body),
  })
  const answer = (await response.json()) as T & { error?: string }
  if (!response.ok) throw new Error(answer.error ?? `the sandbox answered ${response.status}`)
  return answer
}

async function answers(state: SandboxState): Promise<boolean> {
  try {
    await remoteFaults.list(state)
    return true
  } catch {
    return false // another process may have its pid now
  }
}

async function readState(folder: string): Promise<SandboxState | undefined> {
  try {
    return JSON.parse(await readFile(stateFile(folder), 'utf8')) as SandboxState
  } catch {
    return undefined
  }
}

function stateFile(folder: string): string {
  return path.join(folder, 'sandbox.json')
}

function isAlive(pid: number): boolean {
  return signal(pid, 0)
}

/** Whether the process exists. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
