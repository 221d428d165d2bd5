import { open } from 'node:fs/promises'
import type { ExternalError } from '../../model/errors.js'
import type { PinnedCluster } from '../options.js'
import { endless, interrupted, loginLimitMs, WAITS_FOR_PERSON_MS } from '../kube/login.js'
import { sleep } from '../../lib/sleep.js'
import { descendantsOf } from '../../lib/process/process-tree.js'
import { LineSplitter } from '../../lib/process/line-splitter.js'

const LOOK_EVERY_MS = 250
/** Time between asking a login command to end and killing it. */
const GRACE_MS = 2000
/** Bytes of its output per read. */
const CHUNK = 64 * 1024

/**
 * Attends a running helm until `ended`: while the kubeconfig's login command runs under it, lines on its stderr (a
 * file) are shown, and a login that takes too long, or is hit by Ctrl-C, is ended. Helm itself goes on: without
 * credentials, it fails and exits by itself. Resolves with why a login was ended.
 */
export async function attendLogin(
  helm: number,
  stderrFile: string,
  { loginCommand, say, signal }: PinnedCluster,
  ended: AbortSignal,
  limitMs = loginLimitMs(),
): Promise<ExternalError | undefined> {
  if (loginCommand === undefined) return undefined
  const lines = new LineSplitter((line) => say?.(line))
  let position = 0
  let since: number | undefined
  let ending: { why: ExternalError; at: number } | undefined
  for (;;) {
    await sleep(LOOK_EVERY_MS, ended)
    if (ended.aborted) break
    const running = await descendantsOf(helm)
    if (running.length === 0) {
      since = undefined
      continue
    }
    const now = performance.now()
    since ??= now
    const text = await textFrom(stderrFile, position)
    position += text.length
    lines.write(text.toString('utf8'))
    if (!ending && signal?.aborted && now - since >= WAITS_FOR_PERSON_MS)
      ending = { why: interrupted(loginCommand), at: now }
    if (!ending && now - since >= limitMs) ending = { why: endless(loginCommand, limitMs), at: now }
    if (ending) for (const pid of running) end(pid, now - ending.at < GRACE_MS ? 'SIGTERM' : 'SIGKILL')
  }
  lines.flush()
  return ending?.why
}

async function textFrom(file: string, position: number): Promise<Buffer> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(CHUNK), 0, CHUNK, position)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

function end(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // it has ended by itself
  }
}
