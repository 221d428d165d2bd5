import { afterEach, beforeEach } from 'vitest'
import type { AppLock, LockRequest } from '../../../../src/cluster/ports/locks.js'
import { lockApp } from '../../../../src/cluster/lease/lease.js'
import { type LeaseApi } from '../../../../src/cluster/lease/lease-notes.js'
import type { Holder } from '../../../../src/cluster/lease/lease-object.js'
import type { CanaryError } from '../../../../src/model/errors.js'
import { type Fate, LeaseServer } from './lease-server.js'
import { VirtualTime } from './virtual-time.js'

export const BOB: Holder = {
  ...{ who: 'bob@elsewhere', pid: 7, command: 'shift echo 20', since: '2026-11-23T09:00:00.000Z' },
  ...{ host: 'elsewhere', scope: 'another boot', started: '1', token: 'bobs', isAbort: false },
}
export const HOUR = 3_600_000

export let time: VirtualTime
export let server: LeaseServer
/** Pids of this host that are no more. */
export const dead: number[] = []
/** Gives each test of a file a server and a clock. */
export function useLeaseServer(): void {
  beforeEach(() => {
    time = new VirtualTime()
    server = new LeaseServer(time)
    dead.length = 0
  })
  afterEach(() => time.end())
}

const host = {
  thisProcess: () => ({ host: 'here', pid: 4711, scope: 'this boot', started: '5' }),
  hasDied: ({ host: where, pid }: { host: string; pid: number }) => where === 'here' && dead.includes(pid),
}

export function lock(changes: Partial<LockRequest> = {}, api: LeaseApi = server.client()): Promise<AppLock> {
  const named = { app: 'echo', namespace: 'echo', command: 'shift echo 50', who: 'ann@here' }
  const request = { ...named, waitMs: 0, preempt: false, waiting: () => undefined, ...changes }
  return lockApp(api, request, undefined, host)
}

export const take = (changes?: Partial<LockRequest>, api?: LeaseApi) => time.until(lock(changes, api))
export const abort = { command: 'abort echo', who: 'cid@here', preempt: true }

export async function errorOf(doing: Promise<unknown>): Promise<CanaryError> {
  return time.until(
    doing.then(
      () => Promise.reject(new Error('it went well')),
      (error: unknown) => error as CanaryError,
    ),
  )
}

/** A holder who goes on renewing until the test ends. */
export async function renewing(clockOffMs: number): Promise<void> {
  for (;;) {
    await time.wait(2000)
    if (server.holder()?.token === 'bobs') server.renew(clockOffMs)
  }
}

/** The fate of the first writes. */
export function first(count: number, fate: Fate): (verb: string) => Fate {
  let left = count
  return (verb) => (verb !== 'find' && left-- > 0 ? fate : undefined)
}
