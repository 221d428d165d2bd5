import { beforeEach, expect, test } from 'vitest'
import { approvals, approve, keepProofs, recordedProofs } from '../../../src/cluster/lease-notes.js'
import type { Approval } from '../../../src/cluster/cluster.js'
import { lockApp } from '../../../src/cluster/lease.js'
import { apiError, LeaseServer } from './lease-server.js'
import { VirtualTime } from './virtual-time.js'

let time: VirtualTime
let server: LeaseServer
beforeEach(() => {
  time = new VirtualTime()
  server = new LeaseServer(time)
})

const approval = (step: string, changes: Partial<Approval> = {}): Approval => ({
  run: 'r1',
  step,
  revision: 4,
  who: 'ann@host',
  why: 'looks fine',
  at: '2026-11-23T10:00:00.000Z',
  ...changes,
})
const give = (one: Approval, api = server.client()) => time.until(approve(api, 'echo', 'echo', one))
const kept = () => time.until(approvals(server.client(), 'echo', 'echo'))

test('kept with the Lease, which is made for it where there is none; of one step the newest', async () => {
  expect(await kept()).toEqual([])
  await give(approval('qa'))
  await give(approval('legal'))
  await give(approval('qa', { revision: 5 }))
  expect(await kept()).toEqual([approval('legal'), approval('qa', { revision: 5 })])
  expect(server.holder()).toBeUndefined()
})

test('a run that goes on meanwhile keeps the app, and the approval stays', async () => {
  await give(approval('qa'))
  const request = { app: 'echo', namespace: 'echo', who: 'bob@host', command: 'shift echo 50' }
  const lock = await time.until(
    lockApp(server.client(), { ...request, waitMs: 0, preempt: false, waiting: () => undefined }),
  )
  expect(await kept()).toEqual([approval('qa')])
  await time.until(lock.release())
  expect(await kept()).toEqual([approval('qa')])
})

test('two that approve at once both do', async () => {
  await give(approval('first'))
  await Promise.all([give(approval('qa')), give(approval('legal'))])
  expect((await kept()).map(({ step }) => step).sort()).toEqual(['first', 'legal', 'qa'])
})

test('who may not write Leases is told so; who may not read them sees none', async () => {
  const forbidden = server.client(() => apiError(403))
  await expect(give(approval('qa'), forbidden)).rejects.toThrow(/you may not write Leases in namespace echo/)
  expect(await time.until(approvals(forbidden, 'echo', 'echo'))).toEqual([])
})

test('the proof of a stage is kept beside the holder’s own, of one revision the newest', async () => {
  const proof = { revision: 4, verdict: 'pass' as const, at: '2026-11-23T10:00:00.000Z', who: 'ann@host' }
  const request = { app: 'echo', namespace: 'echo', who: 'bob@host', command: 'shift echo 50' }
  await time.until(keepProofs(server.client(), 'echo', 'echo', [{ ...proof, verdict: 'fail' }]))
  const lock = await time.until(
    lockApp(server.client(), { ...request, waitMs: 0, preempt: false, waiting: () => undefined }),
  )
  await time.until(keepProofs(server.client(), 'echo', 'echo', [proof]))
  lock.record({ ...proof, revision: 5 })
  await time.until(lock.release())
  expect(await time.until(recordedProofs(server.client(), 'echo', 'echo'))).toEqual([
    proof,
    { ...proof, revision: 5 },
  ])
})
