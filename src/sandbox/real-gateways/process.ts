import type { NetConnectOpts } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, startChild, tailOf } from './child.js'
import { accepts } from './ports.js'

/** Between the end of a program and its next start. */
const RESTART_MS = 1000

export interface ProcessOptions {
  /** For errors: `contour`. */
  name: string
  command: [string, ...string[]]
  log: string
  env?: Record<string, string>
  /** Where it accepts connections once it is ready. */
  ready: NetConnectOpts
}

/**
 * A program that is started again when it ends. Resolves once it is ready.
 *
 * @throws Error with the end of its log if it ends before
 */
export async function startProcess(options: ProcessOptions): Promise<{ close(): Promise<void> }> {
  let child = await startReady(options)
  let isClosing = false
  const keepRunning = async () => {
    for (;;) {
      await child.ended
      await sleep(RESTART_MS, undefined, { ref: false })
      if (isClosing) return
      child = await startChild(options.command, options)
    }
  }
  void keepRunning()
  return {
    close: async () => {
      isClosing = true
      await child.close()
    },
  }
}

async function startReady({ name, command, log, env, ready }: ProcessOptions): Promise<Child> {
  const child = await startChild(command, { log, env })
  if (await accepts(ready, child.ended)) return child
  throw new Error(`${name} ended with ${await child.ended}:\n${await tailOf(log)}`)
}
