import { describe, expect, test } from 'vitest'
import { ExternalError } from '../../../../src/model/errors.js'
import { apiError, type Fate } from './lease-server.js'
import {
  BOB,
  HOUR,
  time,
  server,
  lock,
  take,
  abort,
  errorOf,
  first,
  useLeaseServer,
} from './lease-operators.js'

useLeaseServer()

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
