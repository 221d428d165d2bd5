import { describe, expect, test } from 'vitest'
import type { RecordedProof } from '../../../../src/cluster/ports/proofs.js'
import { recordedProofs } from '../../../../src/cluster/lease/lease-notes.js'
import { apiError } from './lease-server.js'
import { BOB, time, server, take, first, useLeaseServer } from './lease-operators.js'

useLeaseServer()

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
