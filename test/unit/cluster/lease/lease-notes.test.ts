import type { Approval, RunWait } from '../../../../src/model/results/runs.js'
import { beforeEach, expect, test } from 'vitest'
import {
  approvals,
  approve,
  clearWait,
  keepProofs,
  noteWait,
  recordedProofs,
  runNotes,
} from '../../../../src/cluster/lease/lease-notes.js'
import { lockApp } from '../../../../src/cluster/lease/lease.js'
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

const wait = (changes: Partial<RunWait> = {}): RunWait => ({
  run: 'r1',
  name: 'nightly',
  command: 'canary run nightly.yaml',
  step: 'qa',
  title: 'approve qa',
  kind: 'approval',
  message: 'Ok?',
  since: '2026-11-23T10:00:00.000Z',
  revision: 3,
  ...changes,
})

test('what a run waits for: of one wait since it began; removed by its own run only', async () => {
  const api = server.client()
  const noted = async () => (await time.until(runNotes(api, 'echo', 'echo'))).waiting
  await time.until(noteWait(api, 'echo', 'echo', wait()))
  await time.until(noteWait(api, 'echo', 'echo', wait({ since: '2026-11-23T11:00:00.000Z' })))
  expect(await noted()).toEqual(wait())
  const later = wait({ since: '2026-11-23T12:00:00.000Z', revision: 4 })
  await time.until(noteWait(api, 'echo', 'echo', later))
  expect(await noted()).toEqual(later)
  await time.until(clearWait(api, 'echo', 'echo', 'another'))
  expect(await noted()).toEqual(later)
  await time.until(clearWait(api, 'echo', 'echo', 'r1'))
  expect(await noted()).toBeUndefined()
})

test('a note that is none is as none', async () => {
  await time.until(noteWait(server.client(), 'echo', 'echo', wait({ kind: 'party' as 'pause' })))
  expect((await time.until(runNotes(server.client(), 'echo', 'echo'))).waiting).toBeUndefined()
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
