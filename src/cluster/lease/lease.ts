import { randomUUID } from 'node:crypto'
import { ApiError, isPassing } from '../kube/api-errors.js'
import type { AppLock, LockRequest } from '../ports/locks.js'
import { HeldLease } from './held-lease.js'
import { LEASES } from '../kube/kube-types.js'
import { busy, interrupted } from './lease-errors.js'
import type { LeaseApi } from './lease-notes.js'
import {
  type Claim,
  claimed,
  claimOf,
  type Holder,
  held,
  holderOf,
  type Lease,
  LEASE_SECONDS,
  leaseName,
  newLease,
  signOfLife,
  withBreak,
} from './lease-object.js'
import { hasDied, type ProcessIdentity, thisProcess } from './lock-holder.js'
import { sleep } from '../../lib/sleep.js'
import { unheldLock } from './unheld-lock.js'

/** What a lock needs from its host. */
export interface LockHost {
  thisProcess(): ProcessIdentity
  hasDied(other: ProcessIdentity): boolean
}

/** Intervals and limits, milliseconds. */
export interface LockTiming {
  /** A Lease without renewal for this long, while we watch, no longer belongs to its holder. */
  leaseMs: number
  renewEveryMs: number
  lookEveryMs: number
  /** A holder silent for this long is reported, even to those who would not wait. */
  tellAfterMs: number
  /** How long a Lease released for a claimant stays reserved. */
  reservedMs: number
  /** How long `abort` waits for a holder that keeps renewing: its helm may still run. */
  claimMs: number
}

const TIMING: LockTiming = {
  leaseMs: LEASE_SECONDS * 1000,
  renewEveryMs: 2000,
  lookEveryMs: 250,
  tellAfterMs: 3000,
  reservedMs: 5000,
  claimMs: 300_000,
}

/** Writes in a row with unknown outcome; each one is preceded by a read. */
const MOST_FAILURES = 6
/** Conflicts in a row, after which it is not a race but a server that always answers so. */
const MOST_CONFLICTS = 50

/**
 * Takes the app's Lease for one operator, by compare-and-swap. Clocks are not compared: a holder is alive if the Lease
 * changes while we watch, and dead if it did not for the lease's time, or if its process ran on this host and is gone.
 * Throws CanaryError `busy`, naming the holder, and `interrupted` if `signal` ends the waiting. If Leases may not be
 * written, or the namespace does not exist yet, it resolves without a hold.
 */
export async function lockApp(
  api: LeaseApi,
  request: LockRequest,
  timing: LockTiming = TIMING,
  host: LockHost = { thisProcess, hasDied },
): Promise<AppLock> {
  try {
    return await new Taking(api, request, timing, host).take()
  } catch (error) {
    const unheld = unheldLock(api, error, request)
    if (unheld) return unheld
    throw error
  }
}

/** One operator's attempt to take the Lease. */
class Taking {
  private readonly target
  private readonly own: Omit<Holder, 'since'>
  private readonly started = performance.now()
  /** The last sign of life of the Lease, and since when it has been unchanged. */
  private seen?: { sign: string; since: number }
  /** Whether it changed while we watched: the holder lives. */
  private alive = false
  /** The holder that was asked to stop, and when. */
  private asked?: { token: string; at: number }
  private reported = false
  private tookOverFromDead = false
  private brokenFrom?: Holder
  /** Failed writes in a row. */
  private failures = 0
  private conflicts = 0

  constructor(
    private readonly api: LeaseApi,
    private readonly request: LockRequest,
    private readonly timing: LockTiming,
    private readonly host: LockHost,
  ) {
    const { app, namespace, who, command, preempt, runId } = request
    this.target = { resource: LEASES, namespace, name: leaseName(app) }
    this.own = { ...host.thisProcess(), who, command, runId, token: randomUUID(), isAbort: preempt }
  }

  async take(): Promise<AppLock> {
    const { app, namespace } = this.request
    for (;;) {
      const lease = await this.api.find<Lease>(this.target)
      if (!lease) {
        // Held by nobody: a user who may create but not update Leases learns it here, not during a change.
        const { name: _name, ...collection } = this.target
        await this.tryTo(() => this.api.create<Lease>(collection, newLease(app, namespace)))
        continue
      }
      const holder = holderOf(lease)
      // The answer to our own write was lost.
      if (holder?.token === this.own.token) return this.hold(lease)
      this.look(lease)
      const died = holder !== undefined && this.host.hasDied(holder)
      const isFree = died || this.isFree(lease, holder)
      if (!isFree && !this.request.breaks) {
        await this.waitFor(lease, holder)
        continue
      }
      if (this.request.signal?.aborted) throw interrupted(this.request, undefined)
      this.tookOverFromDead = died
      this.brokenFrom = isFree ? undefined : holder
      const own = { ...this.own, since: new Date().toISOString() }
      const next = this.brokenFrom ? withBreak(held(lease, own), this.brokenFrom, own) : held(lease, own)
      const taken = await this.tryTo(() => this.api.replace<Lease>(this.target, next))
      if (taken) return this.hold(taken)
    }
  }

  private look(lease: Lease): void {
    const sign = signOfLife(lease)
    if (this.seen?.sign === sign) return
    this.alive = this.seen !== undefined
    this.seen = { sign, since: performance.now() }
  }

  private silentMs(): number {
    return this.seen ? performance.now() - this.seen.since : 0
  }

  /** Free, or without renewal for so long that it has expired. */
  private isFree(lease: Lease, holder: Holder | undefined): boolean {
    const { leaseMs, reservedMs, claimMs } = this.timing
    if (holder) {
      const { token, at } = this.asked ?? {}
      const refuses = at !== undefined && performance.now() - at >= Math.max(claimMs, this.request.waitMs)
      return this.silentMs() >= leaseMs || (token === holder.token && refuses)
    }
    const claim = claimOf(lease)
    return !claim || claim.token === this.own.token || this.silentMs() >= reservedMs
  }

  private async waitFor(lease: Lease, holder: Holder | undefined): Promise<void> {
    const { waitMs, waiting, signal } = this.request
    const claim = claimOf(lease)
    // A released Lease waits for its claimant.
    const ahead = holder ?? { ...(claim ?? { who: 'somebody', command: 'abort' }), pid: 0, since: 'just now' }
    // Nobody stops an abort: a second one waits like everybody else.
    const preempts = this.request.preempt && holder !== undefined && !holder.isAbort
    const isSecond = preempts && claim !== undefined && claim.token !== this.own.token
    if (signal?.aborted) throw interrupted(this.request, this.asked && ahead)
    const isOver = performance.now() - this.started >= waitMs
    if (isOver && this.alive && (!preempts || isSecond)) {
      throw busy(this.request, ahead, isSecond ? claim : undefined)
    }
    if (preempts && !isSecond) await this.ask(lease, holder, claim)
    const isLong = waitMs > 0 || preempts || this.silentMs() >= this.timing.tellAfterMs
    if (isLong && !this.reported) {
      this.reported = true
      const { who, pid, command, since } = ahead
      waiting({ who, pid, command, since })
    }
    await sleep(this.timing.lookEveryMs, signal)
  }

  /** Asks the holder to stop, once; an earlier attempt may have succeeded without an answer. */
  private async ask(lease: Lease, holder: Holder, before: Claim | undefined): Promise<void> {
    const { who, command, token } = this.own
    if (this.asked?.token === holder.token && before) return
    const claim = claimed(lease, { who, command, token })
    if (before || (await this.tryTo(() => this.api.replace<Lease>(this.target, claim)))) {
      this.asked = { token: holder.token, at: performance.now() }
    }
  }

  /** A write by compare-and-swap; undefined if somebody else was faster, or the outcome is unknown: read again. */
  private async tryTo(write: () => Promise<Lease>): Promise<Lease | undefined> {
    try {
      const written = await write()
      this.failures = 0
      this.conflicts = 0
      return written
    } catch (error) {
      if (isOvertaken(error)) {
        this.conflicts += 1
        if (this.conflicts < MOST_CONFLICTS) return undefined
        throw error
      }
      this.failures += 1
      if (!isPassing(error) || this.failures >= MOST_FAILURES) throw error
      await sleep(this.timing.lookEveryMs * this.failures, this.request.signal)
      return undefined
    }
  }

  private hold(lease: Lease): AppLock {
    const { renewEveryMs, leaseMs } = this.timing
    return new HeldLease(this.api, {
      app: this.request.app,
      target: this.target,
      lease,
      token: this.own.token,
      tookOverFromDead: this.tookOverFromDead,
      brokenFrom: this.brokenFrom,
      renewEveryMs,
      leaseMs,
    })
  }
}

/** Somebody else wrote first, or removed the Lease (not its namespace). */
function isOvertaken(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false
  return error.status === 409 || (error.status === 404 && error.command?.startsWith('PUT') === true)
}
