import type { LockHolder } from '../../../../src/model/results/runs.js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AppLock, LockRequest } from '../../../../src/cluster/ports/locks.js'
import type { RecordedProof } from '../../../../src/cluster/ports/proofs.js'
import { lockApp } from '../../../../src/cluster/lease/lease.js'
import { type LeaseApi, recordedProofs } from '../../../../src/cluster/lease/lease-notes.js'
import type { Holder } from '../../../../src/cluster/lease/lease-object.js'
import type { CanaryError } from '../../../../src/model/errors.js'
import { ExternalError } from '../../../../src/model/errors.js'
import { apiError, type Fate, LeaseServer } from './lease-server.js'
import { VirtualTime } from './virtual-time.js'

const BOB: Holder = {
  ...{ who: 'bob@elsewhere', pid: 7, command: 'shift echo 20', since: '2026-11-23T09:00:00.000Z' },
  ...{ host: 'elsewhere', scope: 'another boot', started: '1', token: 'bobs', isAbort: false },
}
const HOUR = 3_600_000

let time: VirtualTime
let server: LeaseServer
/** Pids of this host that are no more. */
let dead: number[]
beforeEach(() => {
  time = new VirtualTime()
  server = new LeaseServer(time)
  dead = []
})
afterEach(() => time.end())

const host = {
  thisProcess: () => ({ host: 'here', pid: 4711, scope: 'this boot', started: '5' }),
  hasDied: ({ host: where, pid }: { host: string; pid: number }) => where === 'here' && dead.includes(pid),
}

function lock(changes: Partial<LockRequest> = {}, api: LeaseApi = server.client()): Promise<AppLock> {
  const named = { app: 'echo', namespace: 'echo', command: 'shift echo 50', who: 'ann@here' }
  const request = { ...named, waitMs: 0, preempt: false, waiting: () => undefined, ...changes }
  return lockApp(api, request, undefined, host)
}

const take = (changes?: Partial<LockRequest>, api?: LeaseApi) => time.until(lock(changes, api))
const abort = { command: 'abort echo', who: 'cid@here', preempt: true }

async function errorOf(doing: Promise<unknown>): Promise<CanaryError> {
  return time.until(
    doing.then(
      () => Promise.reject(new Error('it went well')),
      (error: unknown) => error as CanaryError,
    ),
  )
}

/** A holder who goes on renewing until the test ends. */
async function renewing(clockOffMs: number): Promise<void> {
  for (;;) {
    await time.wait(2000)
    if (server.holder()?.token === 'bobs') server.renew(clockOffMs)
  }
}

/** The fate of the first writes. */
function first(count: number, fate: Fate): (verb: string) => Fate {
  let left = count
  return (verb) => (verb !== 'find' && left-- > 0 ? fate : undefined)
}

describe('one operator at a time', () => {
  test('a free app is taken, and given back for the next', async () => {
    const first = await take()
    expect(first.tookOverFromDead).toBe(false)
    expect(first.unavailable).toBeUndefined()
    expect(server.lease).toMatchObject({
      metadata: { name: 'canary-echo', namespace: 'echo', labels: { app: 'echo' } },
      spec: { leaseDurationSeconds: 15, leaseTransitions: 0 },
    })
    await time.until(first.confirm())
    await time.until(first.release())
    expect(server.holder()).toBeUndefined()

    const second = await take({ command: 'finish echo' })
    expect(server.holder()).toMatchObject({ who: 'ann@here', pid: 4711, command: 'finish echo' })
    expect(server.lease?.spec?.leaseTransitions).toBe(1)
    await time.until(second.confirm())
  })

  test('removed with its app: the Lease and its notes are gone, and the next takes a new one', async () => {
    const first = await take()
    expect(await time.until(first.remove())).toBe(true)
    expect(server.lease).toBeUndefined()
    const second = await take({ command: 'install echo v1' })
    expect(server.lease?.spec?.leaseTransitions).toBe(0)
    await time.until(second.confirm())
  })

  test('a Lease that is somebody else’s by now is not removed', async () => {
    const first = await take()
    server.put(BOB)
    expect(await time.until(first.remove())).toBe(false)
    expect(server.holder()).toMatchObject({ who: 'bob@elsewhere' })
  })

  test.each([
    ['right', 0],
    ['an hour ahead', HOUR],
    ['an hour behind', -HOUR],
  ])('a holder that lives, its clock %s, is named: who, process, what, since when', async (_, off) => {
    server.put(BOB)
    void renewing(off)

    const error = await errorOf(lock({ command: 'finish echo' }))

    expect(error).toMatchObject({ outcome: 'busy', exitCode: 10, state: expect.stringContaining('Nothing') })
    expect(error.message).toBe(
      'bob@elsewhere (pid 7) has been running "canary shift echo 20" on echo since 2026-11-23T09:00:00.000Z.',
    )
    expect(error.nextSteps[0]).toContain('canary finish echo --wait-for-lock 2m')
    expect(time.elapsed()).toBeLessThan(3000)
  })

  test('a hold lasts as long as it is renewed', async () => {
    const held = await take()
    await time.pass(10 * HOUR)
    expect((await errorOf(lock({ who: 'bob@elsewhere' }))).message).toContain('ann@here (pid 4711)')
    await time.until(held.confirm())
  })

  test('--wait-for-lock waits until it is given back, and tells once for whom', async () => {
    const held = await take()
    const told: LockHolder[] = []
    const waiting = lock({ waitMs: 120_000, waiting: (holder) => told.push(holder) })
    await time.pass(60_000)
    await time.until(held.release())
    await time.until((await time.until(waiting)).confirm())
    expect(told).toEqual([
      {
        who: 'ann@here',
        pid: 4711,
        command: 'shift echo 50',
        since: expect.stringMatching(/^2026-11-23T10:00:00/),
      },
    ])
  })

  test('waiting ends with its time', async () => {
    await take()
    expect(await errorOf(lock({ waitMs: 120_000 }))).toMatchObject({ outcome: 'busy' })
    expect(Math.round(time.elapsed() / 1000)).toBe(120)
  })

  test('waiting ends with Ctrl-C', async () => {
    await take()
    const controller = new AbortController()
    const waiting = errorOf(lock({ waitMs: 120_000, signal: controller.signal }))
    await time.pass(500)
    controller.abort('SIGINT')
    expect(await waiting).toMatchObject({ outcome: 'interrupted', state: 'Nothing was changed.' })
  })

  test('of many who want it at once, one has it, the others know who', async () => {
    const outcomes = await time.until(
      Promise.allSettled(Array.from({ length: 12 }, (_, index) => lock({ who: `user-${index}@here` }))),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const winner = server.holder()!.who
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect((outcome.reason as Error).message).toContain(winner)
    }
  })
})

describe('holders that are gone', () => {
  test.each([
    ['right', 0],
    ['an hour ahead', HOUR],
    ['an hour behind', -HOUR],
  ])(
    'one elsewhere, its clock %s: taken over when it was silent for 15 s, told of before',
    async (_, off) => {
      server.put(BOB)
      server.renew(off)
      const told: LockHolder[] = []

      const taken = await take({ waiting: (holder) => told.push(holder) })

      expect(taken.tookOverFromDead).toBe(false)
      expect(Math.round(time.elapsed() / 1000)).toBe(15)
      expect(told.map(({ who }) => who)).toEqual(['bob@elsewhere'])
    },
  )

  test('one that died on this host: at once', async () => {
    server.put({ ...BOB, host: 'here', pid: 99 })
    dead = [99]
    expect((await take()).tookOverFromDead).toBe(true)
    expect(time.elapsed()).toBeLessThan(100)
  })

  test('one that died on this host, and the answer to the taking is lost: it is still known', async () => {
    server.put({ ...BOB, host: 'here', pid: 99 })
    dead = [99]
    expect((await take({}, server.client(first(1, 'lost')))).tookOverFromDead).toBe(true)
  })

  test('one of another tool, which never renews: as anybody silent', async () => {
    server.put(BOB)
    server.lease = { ...server.lease!, spec: { holderIdentity: 'mallory' } }
    const told: LockHolder[] = []
    await take({ waiting: (holder) => told.push(holder) })
    expect(told).toEqual([{ who: 'mallory', pid: 0, command: 'unknown', since: 'unknown' }])
  })

  test.each(['{', 'null', '[]', '{"token":"bobs"}', '{"token":"bobs","pid":"x"}'])(
    'one whose annotation was edited (%s) is known by its identity',
    async (text) => {
      server.put(BOB)
      server.lease!.metadata.annotations!['canary-rollout/holder'] = text
      void renewing(0)
      expect((await errorOf(lock())).message).toMatch(/^bobs has been running "canary unknown"/)
    },
  )
})

describe('abort asks the holder to stop', () => {
  test('it learns who took over, keeps the app until its helm has ended, and gives it back', async () => {
    const holder = await take()
    const told: LockHolder[] = []
    const aborting = lock({ ...abort, waiting: (whom) => told.push(whom) })
    await time.pass(3000)
    expect(holder.lost.reason).toMatchObject({
      outcome: 'conflict',
      message: 'cid@here took over echo with "canary abort echo".',
    })
    expect(await errorOf(holder.confirm())).toBe(holder.lost.reason)
    await time.pass(120_000)
    expect(server.holder()?.command).toBe('shift echo 50')

    await time.until(holder.release())
    await time.until((await time.until(aborting)).confirm())
    expect(server.holder()?.command).toBe('abort echo')
    expect(told.map(({ command }) => command)).toEqual(['shift echo 50'])
  })

  test('asked right before an upgrade, it learns of it there', async () => {
    const holder = await take()
    void lock(abort)
    await time.pass(100)
    expect(holder.lost.aborted).toBe(false)
    expect(await errorOf(holder.confirm())).toMatchObject({ outcome: 'conflict' })
    expect(time.elapsed()).toBeLessThan(500)
  })

  test('who waits in line does not get between', async () => {
    const holder = await take()
    const waiting = lock({ who: 'dora@here', waitMs: HOUR })
    const aborting = lock(abort)
    await time.pass(5000)
    await time.until(holder.release())
    const aborts = await time.until(aborting)
    await time.until(aborts.confirm())
    await time.until(aborts.release())
    await time.until((await time.until(waiting)).confirm())
  })

  test('who asked and died does not keep the app from others', async () => {
    const holder = await take()
    let isCut = false
    void lock(
      abort,
      server.client(() => (isCut ? 'silent' : undefined)),
    )
    await time.pass(3000)
    isCut = true
    await time.until(holder.release())
    await time.until((await take({ who: 'dora@here', waitMs: 20_000 })).confirm())
  })

  test('a holder that goes on for five minutes all the same is taken from', async () => {
    server.put(BOB)
    void renewing(0)
    await time.until((await take(abort)).confirm())
    expect(Math.round(time.elapsed() / 60_000)).toBe(5)
  })

  test('a holder that is silent is not waited for longer than others would', async () => {
    server.put(BOB)
    await time.until((await take(abort)).confirm())
    expect(Math.round(time.elapsed() / 1000)).toBe(15)
  })

  test('abort --break-lock takes it at once, even from what says it is an abort and renews for ever; noted', async () => {
    server.put({ ...BOB, command: 'abort echo', isAbort: true })
    void renewing(0)
    expect(await errorOf(lock(abort))).toMatchObject({
      outcome: 'busy',
      nextSteps: expect.arrayContaining([expect.stringContaining('canary abort echo --break-lock')]),
    })
    const broken = await take({ ...abort, command: 'abort echo --break-lock', breaks: true })
    expect(broken.brokenFrom).toMatchObject({ who: BOB.who, command: 'abort echo' })
    await time.until(broken.confirm())
    await time.until(broken.release())
    const note = JSON.parse(server.lease?.metadata.annotations?.['canary-rollout/broken'] ?? '{}') as object
    expect(note).toMatchObject({ from: { who: BOB.who }, by: { who: 'cid@here' } })
  })

  test('whose lock was broken can’t confirm it any more', async () => {
    const first = await take()
    await take({ ...abort, breaks: true })
    expect(await errorOf(first.confirm())).toMatchObject({
      outcome: 'conflict',
      message: expect.stringContaining('cid@here took over echo'),
    })
  })

  test('a second abort is told that it is busy, while the first waits and while it runs', async () => {
    const holder = await take()
    const aborting = lock(abort)
    await time.pass(100)
    const second = { ...abort, who: 'dora@here' }
    expect((await errorOf(lock(second))).message).toMatch(
      /^ann@here .* has been running "canary shift echo 50" on echo since .*; cid@here has already claimed it with "canary abort echo"\.$/,
    )
    await time.until(holder.release())
    await time.until(aborting)
    expect((await errorOf(lock(second))).message).toMatch(/^cid@here .* has been running "canary abort echo"/)
  })

  test('a second abort is not told so for ever when both, holder and first abort, are gone', async () => {
    server.put(BOB)
    let isCut = false
    void lock(
      abort,
      server.client(() => (isCut ? 'silent' : undefined)),
    )
    await time.pass(1000)
    isCut = true
    await take({ ...abort, who: 'dora@here' })
  })

  test('interrupted while it waits, it says that the holder will stop', async () => {
    await take()
    const controller = new AbortController()
    const aborting = errorOf(lock({ ...abort, signal: controller.signal }))
    await time.pass(500)
    controller.abort('SIGTERM')
    expect(await aborting).toMatchObject({
      outcome: 'terminated',
      state: 'Nothing was changed, but ann@here was asked to stop "canary shift echo 50", and will stop.',
    })
  })
})

describe('a hold that is lost', () => {
  test('somebody else has it: the command learns who, and leaves it to them', async () => {
    const lost = await take()
    server.put(BOB)
    await time.pass(3000)
    expect(lost.lost.reason).toMatchObject({ outcome: 'conflict' })
    expect((lost.lost.reason as Error).message).toMatch(
      /^bob@elsewhere took over echo with "canary shift echo 20"/,
    )
    await time.until(lost.release())
    expect(server.holder()?.token).toBe('bobs')
  })

  test('its Lease was removed', async () => {
    const lost = await take()
    server.lease = undefined
    expect(await errorOf(lost.confirm())).toMatchObject({
      outcome: 'conflict',
      message: expect.stringContaining('lock of this command on echo was removed (Lease canary-echo'),
    })
  })

  test.each<[string, Fate]>([
    ['every answer is an error', apiError(503)],
    ['no answer comes at all', 'silent'],
    ['credentials expired', apiError(401)],
  ])('it can not be renewed in time: %s', async (_, fate) => {
    let isBad = false
    const lost = await take(
      {},
      server.client(() => (isBad ? fate : undefined)),
    )
    isBad = true
    await time.pass(12_000)
    expect(lost.lost.aborted).toBe(false)
    await time.pass(10_000)
    expect(lost.lost.reason).toMatchObject({
      outcome: 'external',
      message: expect.stringMatching(/could not be renewed for 15 s.*(says (503|401)|no answer within 6 s)/),
    })
  })

  test('a server that is gone for less than the time of the lease costs nothing', async () => {
    let isGone = false
    const held = await take(
      {},
      server.client(() => (isGone ? apiError(500) : undefined)),
    )
    isGone = true
    await time.pass(11_000)
    isGone = false
    await time.pass(HOUR)
    await time.until(held.confirm())
  })
})

describe('a server that fails', () => {
  const failures: [string, Fate][] = [
    ['overloaded', apiError(429)],
    ['out of order', apiError(500)],
    ['a connection that broke', new ExternalError('The connection to the cluster broke')],
    ['a write that was done though its answer was lost', 'lost'],
  ]

  test.each(failures)('taking, %s: looked at, and tried again', async (_, failure) => {
    const held = await take({}, server.client(first(2, failure)))
    await time.until(held.confirm())
    expect(server.lease?.spec?.leaseTransitions).toBe(0)
  })

  test.each(failures)('confirming, %s: looked at, and tried again', async (_, failure) => {
    let fate: (verb: string) => Fate = () => undefined
    const held = await take(
      {},
      server.client((verb) => fate(verb)),
    )
    fate = first(2, failure)
    await time.until(held.confirm())
    expect(held.lost.aborted).toBe(false)
  })

  test.each(failures)('asking a holder to stop, %s: looked at, and tried again', async (_, failure) => {
    const holder = await take()
    void lock(abort, server.client(first(2, failure)))
    await time.pass(5000)
    expect(holder.lost.reason).toMatchObject({ outcome: 'conflict' })
  })

  test.each(failures)('giving back, %s: looked at, and tried again', async (_, failure) => {
    let fate: (verb: string) => Fate = () => undefined
    const held = await take(
      {},
      server.client((verb) => fate(verb)),
    )
    fate = first(2, failure)
    await time.until(held.release())
    expect(server.holder()).toBeUndefined()
  })

  test('confirming where the server stays out of order: its error', async () => {
    let isBad = false
    const held = await take(
      {},
      server.client(() => (isBad ? apiError(500) : undefined)),
    )
    isBad = true
    expect(await errorOf(held.confirm())).toMatchObject({ outcome: 'external', code: 500 })
  })

  test.each<[string, Fate]>([
    ['refuses', apiError(500)],
    ['is silent', 'silent'],
  ])('giving back to a server that %s ends after two seconds', async (_, fate) => {
    let isBad = false
    const held = await take(
      {},
      server.client(() => (isBad ? fate : undefined)),
    )
    isBad = true
    const from = time.elapsed()
    await time.until(held.release())
    expect(Math.round((time.elapsed() - from) / 100)).toBe(20)
  })

  test('a cluster 5 s away: taken, held, confirmed and given back', async () => {
    const held = await take(
      {},
      server.client(undefined, () => ({ there: 2500, back: 2500 })),
    )
    const other = errorOf(lock({ who: 'bob@elsewhere' }))
    expect(await other).toMatchObject({ outcome: 'busy' })
    await time.pass(60_000)
    await time.until(held.confirm())
    await time.until(held.release())
    expect(server.holder()).toBeUndefined()
  })
})

describe('where there can be no Lease', () => {
  test.each<[string, string, Error, RegExp | undefined]>([
    [
      'reading is forbidden',
      'find',
      apiError(403, 'GET /apis'),
      /may not get leases in namespace echo.*rbac/,
    ],
    [
      'creating is forbidden',
      'create',
      apiError(403, 'POST /apis'),
      /may not create leases in namespace echo/,
    ],
    [
      'updating is forbidden',
      'replace',
      apiError(403, 'PUT /apis'),
      /may not update leases in namespace echo/,
    ],
    ['unknown to the server', 'create', apiError(404, 'POST /apis', 'page not found'), /has no Leases/],
    [
      'the namespace is on its way out',
      'create',
      apiError(
        403,
        'POST /apis',
        'unable to create new content in namespace echo because it is being terminated',
      ),
      /being deleted/,
    ],
    [
      'the namespace is still to come',
      'create',
      apiError(404, 'POST /apis', 'namespaces "echo" not found'),
      undefined,
    ],
  ])('%s', async (_, verb, error, word) => {
    const without = await take(
      {},
      server.client((asked) => (asked === verb ? error : undefined)),
    )

    if (word) expect(without.unavailable).toMatch(word)
    else expect(without.unavailable).toBeUndefined()
    expect(without.tookOverFromDead).toBe(false)
    await without.confirm()
    without.record({ revision: 1, verdict: 'pass', at: '', who: '' })
    await time.until(without.release())
    expect(without.lost.aborted).toBe(false)
    expect(server.holder()).toBeUndefined()
  })
})

describe('proofs kept with the Lease', () => {
  const proof = (revision: number, at: string): RecordedProof => ({
    revision,
    verdict: 'pass',
    at,
    who: 'ann@here',
  })
  const kept = () => time.until(recordedProofs(server.client(), 'echo', 'echo'))

  test('written with the next renewal, kept when the app is given back', async () => {
    const held = await take()
    held.record(proof(1, 'then'))
    await time.pass(3000)
    expect(await kept()).toEqual([proof(1, 'then')])
    await time.until(held.release())
    expect(await kept()).toEqual([proof(1, 'then')])
  })

  test('one a revision, the newest: an app that is installed anew counts from 1 again', async () => {
    const before = await take()
    before.record(proof(1, 'long ago'))
    before.record(proof(2, 'then'))
    await time.until(before.release())
    const after = await take()
    after.record(proof(1, 'now'))
    await time.until(after.release())
    expect(await kept()).toEqual([proof(2, 'then'), proof(1, 'now')])
  })

  test('those of an install, whose namespace was still to come', async () => {
    const absent = apiError(404, 'POST /apis', 'namespaces "echo" not found')
    let isThere = false
    const api = server.client((verb) => (verb === 'create' && !isThere ? absent : undefined))
    const unheld = await take({}, api)
    isThere = true
    unheld.record(proof(1, 'then'))
    await time.until(unheld.release())
    expect(await kept()).toEqual([proof(1, 'then')])
    expect(server.holder()).toBeUndefined()
  })

  test('those of an install, while somebody else has the app already', async () => {
    const absent = apiError(404, 'POST /apis', 'namespaces "echo" not found')
    const unheld = await take({}, server.client(first(1, absent)))
    const held = await take()
    held.record(proof(2, 'later'))
    await time.until(held.confirm())
    unheld.record(proof(1, 'then'))
    await time.until(unheld.release())
    await time.until(held.confirm())
    await time.until(held.release())
    expect((await kept()).map(({ revision }) => revision)).toEqual([1, 2])
  })

  test('the newest thirty', async () => {
    const held = await take()
    for (let revision = 1; revision <= 40; revision += 1) held.record(proof(revision, 'then'))
    await time.until(held.release())
    expect((await kept()).map(({ revision }) => revision)).toEqual(
      Array.from({ length: 30 }, (_, n) => n + 11),
    )
  })

  test('none where there is no Lease, or it may not be read, or they were edited', async () => {
    expect(await kept()).toEqual([])
    const forbidden = server.client(() => apiError(403))
    expect(await time.until(recordedProofs(forbidden, 'echo', 'echo'))).toEqual([])
    server.put(BOB)
    server.lease!.metadata.annotations!['canary-rollout/proofs'] = '[1, {"revision": 1}, null]'
    expect(await kept()).toEqual([])
  })
})
