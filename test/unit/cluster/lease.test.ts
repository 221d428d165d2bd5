import { hostname } from 'node:os'
import { afterEach, describe, expect, test } from 'vitest'
import { ApiError } from '../../../src/cluster/api-errors.js'
import type { AppLock, ClusterObject, LockHolder, LockRequest } from '../../../src/cluster/cluster.js'
import type { KubeApi } from '../../../src/cluster/kube-api.js'
import { lockApp, recordedProofs } from '../../../src/cluster/lease.js'
import { type Holder, held, type Lease } from '../../../src/cluster/lease-object.js'
import { thisProcess } from '../../../src/cluster/lock-holder.js'
import type { CanaryError } from '../../../src/model/errors.js'
import { ExternalError } from '../../../src/model/errors.js'

const TIMING = { leaseMs: 200, renewEveryMs: 20, lookEveryMs: 5, reservedMs: 100, claimMs: 5000 }

/** The one Lease of a server that compares and swaps; `fail` decides what becomes of the next requests. */
class FakeApi {
  lease?: Lease
  private version = 0
  /** Takes a verb and says how that request fails; `lost` does it, and loses the answer. */
  fail: (verb: 'find' | 'create' | 'replace') => Error | 'lost' | undefined = () => undefined

  async find(): Promise<ClusterObject | undefined> {
    await this.answer('find')
    return this.lease && structuredClone(this.lease)
  }

  create(_target: unknown, object: Lease): Promise<ClusterObject> {
    return this.write('create', object, () => this.lease !== undefined)
  }

  replace(_target: unknown, object: Lease): Promise<ClusterObject> {
    const isStale = () => this.lease?.metadata.resourceVersion !== object.metadata.resourceVersion
    return this.write('replace', object, isStale)
  }

  /** Puts a holder there by other means. */
  put(holder: Holder): void {
    this.lease = this.stored(held(this.lease, 'echo', 'echo', holder))
  }

  asKubeApi(): KubeApi {
    return this as unknown as KubeApi
  }

  private async write(
    verb: 'create' | 'replace',
    object: Lease,
    isConflict: () => boolean,
  ): Promise<ClusterObject> {
    const isLost = await this.answer(verb)
    if (isConflict()) throw apiError(409)
    this.lease = this.stored(object)
    if (isLost) throw new ExternalError('The connection to the cluster broke: socket hang up')
    return structuredClone(this.lease)
  }

  private async answer(verb: 'find' | 'create' | 'replace'): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve))
    const failure = this.fail(verb)
    if (failure instanceof Error) throw failure
    return failure === 'lost'
  }

  private stored(lease: Lease): Lease {
    this.version += 1
    return { ...lease, metadata: { ...lease.metadata, resourceVersion: String(this.version) } }
  }
}

function apiError(status: number, stderr = ''): ApiError {
  return new ApiError(`the server says ${status}`, status, undefined, { code: status, stderr })
}

const ELSEWHERE: Holder = {
  ...{ who: 'bob@elsewhere', pid: 7, command: 'shift echo 20', since: '2026-11-23T10:00:00Z' },
  ...{ host: 'elsewhere', scope: 'another boot', started: '1', token: 'bobs' },
}

const locks: AppLock[] = []
afterEach(async () => {
  await Promise.all(locks.splice(0).map((lock) => lock.release()))
})

function request(changes: Partial<LockRequest> = {}): LockRequest {
  const named = { app: 'echo', namespace: 'echo', command: 'shift echo 50', who: 'ann@host' }
  return { ...named, waitMs: 0, preempt: false, waiting: () => undefined, ...changes }
}

async function take(api: FakeApi, changes: Partial<LockRequest> = {}): Promise<AppLock> {
  const lock = await lockApp(api.asKubeApi(), request(changes), TIMING)
  locks.push(lock)
  return lock
}

async function busyError(taking: Promise<AppLock>): Promise<CanaryError> {
  const error: unknown = await taking.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  expect(error).toMatchObject({ outcome: 'busy', exitCode: 10 })
  return error as CanaryError
}

function isLost(lock: AppLock): Promise<CanaryError> {
  return new Promise((resolve) => {
    const tell = () => resolve(lock.lost.reason as CanaryError)
    if (lock.lost.aborted) tell()
    else lock.lost.addEventListener('abort', tell, { once: true })
  })
}

describe('one operator at a time', () => {
  test('a free app is taken, and given back for the next', async () => {
    const api = new FakeApi()
    const lock = await take(api)
    expect(lock).toMatchObject({ tookOverFromDead: false })
    expect(lock.unavailable).toBeUndefined()
    await lock.confirm()
    await lock.release()
    expect(api.lease?.spec?.holderIdentity).toBe('')
    await (await take(api, { command: 'finish echo' })).confirm()
  })

  test('a holder that lives is named: who, which process, what, since when', async () => {
    const api = new FakeApi()
    await take(api)
    const error = await busyError(take(api, { who: 'bob@host', command: 'finish echo' }))
    expect(error.message).toMatch(/^ann@host \(pid \d+\) runs "canary shift echo 50" on echo since 2/)
    expect(error.nextSteps[0]).toContain('canary finish echo --wait-for-lock 2m')
  })

  test('--wait-for-lock waits until it is given back, and tells for whom', async () => {
    const api = new FakeApi()
    const first = await take(api)
    const waitedFor: LockHolder[] = []
    const second = take(api, { waitMs: 10_000, waiting: (holder) => waitedFor.push(holder) })
    await expect.poll(() => waitedFor.length).toBe(1)
    await first.release()
    await (await second).confirm()
    expect(waitedFor[0]).toMatchObject({ who: 'ann@host', command: 'shift echo 50' })
  })

  test('waiting ends with its time, or with Ctrl-C', async () => {
    const api = new FakeApi()
    await take(api)
    await busyError(take(api, { waitMs: 60 }))
    const controller = new AbortController()
    const waiting = () => controller.abort('SIGINT')
    await busyError(take(api, { waitMs: 60_000, signal: controller.signal, waiting }))
  })

  test('of many who want it at once, one has it', async () => {
    const api = new FakeApi()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) => take(api, { who: `user-${index}@host` })),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

describe('holders that are gone', () => {
  test.each([
    ['far ahead', '2026-11-24T00:00:00.000000Z'],
    ['far behind', '2026-11-22T00:00:00.000000Z'],
  ])(
    'one elsewhere whose clock is %s: taken over once it was silent for the time of the lease',
    async (_, at) => {
      const api = new FakeApi()
      api.put(ELSEWHERE)
      api.lease!.spec!.renewTime = at
      const lock = await take(api)
      expect(lock.tookOverFromDead).toBe(false)
      await lock.confirm()
    },
  )

  test('one that died on this host: at once', async () => {
    const api = new FakeApi()
    api.put({ ...ELSEWHERE, ...thisProcess(), pid: 2 ** 22 + 1 })
    const lock = await lockApp(api.asKubeApi(), request(), { ...TIMING, leaseMs: 60_000 })
    locks.push(lock)
    expect(lock.tookOverFromDead).toBe(true)
  })

  test.runIf(process.platform === 'linux')('one whose pid belongs to another process by now', async () => {
    const api = new FakeApi()
    api.put({ ...ELSEWHERE, ...thisProcess(), started: '12345' })
    expect((await take(api)).tookOverFromDead).toBe(true)
  })

  test('a process of the same pid in another container is not taken for dead', async () => {
    const api = new FakeApi()
    api.put({ ...ELSEWHERE, host: hostname(), pid: 2 ** 22 + 1 })
    expect((await take(api)).tookOverFromDead).toBe(false)
  })
})

describe('abort asks the holder to stop', () => {
  test('it learns of it, keeps the app until its helm has ended, and gives it back', async () => {
    const api = new FakeApi()
    const holder = await take(api)
    const aborting = take(api, { command: 'abort echo', who: 'bob@host', preempt: true })
    const reason = await isLost(holder)
    expect(reason).toMatchObject({ outcome: 'conflict' })
    expect(reason.message).toBe('bob@host asked this command to stop, with "canary abort echo".')
    await expect(holder.confirm()).rejects.toBe(reason)
    expect(api.lease?.spec?.holderIdentity).not.toBe('')
    await holder.release()
    await (await aborting).confirm()
  })

  test('who waits in line does not get between', async () => {
    const api = new FakeApi()
    const holder = await take(api)
    const waiting = take(api, { who: 'cid@host', waitMs: 10_000 })
    const aborting = take(api, { command: 'abort echo', preempt: true })
    await isLost(holder)
    await holder.release()
    const abort = await aborting
    await abort.confirm()
    await abort.release()
    await (await waiting).confirm()
  })

  test('a second abort is told that it is busy', async () => {
    const api = new FakeApi()
    await take(api, { command: 'abort echo', preempt: true })
    const error = await busyError(take(api, { command: 'abort echo', who: 'bob@host', preempt: true }))
    expect(error.message).toContain('runs "canary abort echo"')
  })
})

describe('a hold that is lost', () => {
  test('somebody else has it: the command learns who', async () => {
    const api = new FakeApi()
    const lock = await take(api)
    api.put(ELSEWHERE)
    const reason = await isLost(lock)
    expect(reason.message).toContain('bob@elsewhere took it over with "canary shift echo 20"')
    await lock.release()
    expect(api.lease?.spec?.holderIdentity).toBe('bobs')
  })

  test('it can not be renewed in time', async () => {
    const api = new FakeApi()
    const lock = await take(api)
    api.fail = () => apiError(503)
    expect((await isLost(lock)).message).toContain('could not be renewed in time')
    api.fail = () => undefined
  })
})

describe('a server that fails', () => {
  test.each<[string, Error | 'lost']>([
    ['overloaded', apiError(429)],
    ['out of order', apiError(500)],
    ['a connection that broke', new ExternalError('The connection to the cluster broke')],
    ['a write that was done though its answer was lost', 'lost'],
  ])('%s: looked at, and tried again', async (_, failure) => {
    const api = new FakeApi()
    let left = 2
    api.fail = (verb) => (verb !== 'find' && left-- > 0 ? failure : undefined)
    const lock = await take(api)
    left = 1
    await lock.confirm()
    expect(lock.lost.aborted).toBe(false)
  })

  test.each([
    ['forbidden', apiError(403), /may not write Leases in namespace echo/],
    ['unknown', apiError(404, 'the server could not find the requested resource'), /no Leases/],
  ])('Leases %s: no hold, and a word on it', async (_, failure, word) => {
    const api = new FakeApi()
    api.fail = (verb) => (verb === 'create' ? failure : undefined)
    const lock = await take(api)
    expect(lock.unavailable).toMatch(word)
    await lock.confirm()
  })

  test('a namespace still to come: no hold, and no word', async () => {
    const api = new FakeApi()
    api.fail = (verb) => (verb === 'create' ? apiError(404, 'namespaces "echo" not found') : undefined)
    expect((await take(api)).unavailable).toBeUndefined()
  })
})

test('proofs are kept with the Lease, one a revision', async () => {
  const api = new FakeApi()
  const proof = (revision: number, at: string) => ({
    revision,
    verdict: 'pass' as const,
    at,
    who: 'ann@host',
  })
  const first = await take(api)
  first.record(proof(1, 'long ago'))
  first.record(proof(2, 'then'))
  await first.release()
  const second = await take(api)
  second.record(proof(1, 'now'))
  await second.release()
  const proofs = await recordedProofs(api.asKubeApi(), 'echo', 'echo')
  expect(proofs.map(({ revision, at }) => [revision, at])).toEqual([
    [2, 'then'],
    [1, 'now'],
  ])
})
