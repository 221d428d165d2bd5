import type { LockHolder } from '../../../../src/model/results/runs.js'
import { describe, expect, test } from 'vitest'
import {
  BOB,
  HOUR,
  time,
  server,
  dead,
  lock,
  take,
  abort,
  errorOf,
  renewing,
  first,
  useLeaseServer,
} from './lease-operators.js'

useLeaseServer()

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
    dead.push(99)
    expect((await take()).tookOverFromDead).toBe(true)
    expect(time.elapsed()).toBeLessThan(100)
  })

  test('one that died on this host, and the answer to the taking is lost: it is still known', async () => {
    server.put({ ...BOB, host: 'here', pid: 99 })
    dead.push(99)
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
