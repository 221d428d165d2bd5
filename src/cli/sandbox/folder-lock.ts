import { mkdir, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Locks are held for milliseconds: one this old was left by a killed process. */
const STALE_MS = 3000

/** Runs work that no other process does at the same time for this folder (which is made if it is not there). */
export async function exclusively<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const lock = path.join(folder, 'lock')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const deadline = Date.now() + STALE_MS
  while (!(await take(lock))) {
    if (Date.now() > deadline) break
    await sleep(20)
  }
  try {
    return await work()
  } finally {
    await rmdir(lock).catch(() => undefined)
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    await mkdir(lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
