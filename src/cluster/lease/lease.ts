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

/** What a lock needs of the host it is taken on. */
export interface LockHost {
  thisProcess(): ProcessIdentity
  hasDied(other: ProcessIdentity): boolean
}

/** How often things are looked at, and how long they last; milliseconds. */
export interface LockTiming {
  /** A Lease that was not renewed for this long, while one looked, is its holder's no more. */
  leaseMs: number
  renewEveryMs: number
  lookEveryMs: number
  /** A holder that is silent for so long is told of, also to those who would not wait. */
  tellAfterMs: number
  /** How long a Lease that was freed for somebody waits for them. */
  reservedMs: number
  /** How long `abort` waits for a holder that goes on renewing: its helm may still run. */
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

/** Writes in a row whose outcome is not known; before each one looks. */
const MOST_FAILURES = 6
/** Conflicts in a row, after which it is no race any more but a server that always says so. */
const MOST_CONFLICTS = 50

/**
 * Takes the app's Lease for one operator, by compare-and-swap. No clocks are compared: a holder is alive when the Lease
 * changes while one looks, and dead when it did not for the lease's time, or when it ran on this host and is gone.
 * Throws CanaryError `busy`, naming the holder, and `interrupted` where `signal` ends the waiting. Where Leases may not be written, or the namespace is still to come, it
 * resolves without a hold.
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

/** One operator's way to the Lease. */
class Taking {
  private readonly target
  private readonly own: Omit<Holder, 'since'>
  private readonly started = performance.now()
  /** The Lease's sign of life as it was seen last, and since when it has been like that. */
  private seen?: { sign: string; since: number }
  /** Whether that changed while one looked: somebody lives. */
  private alive = false
  /** Whom this one asked to stop, and when. */
  private asked?: { token: string; at: number }
  private reported = false
  private tookOverFromDead = false
  private brokenFrom?: Holder
  /** Writes in a row that came to nothing. */
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
        // Held by nobody: who may create but not update Leases learns it here, not in the middle of a change.
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

  /** Free, or not renewed for so long that it is nobody's any more. */
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
    // A Lease that was given back waits for who asked for it.
    const ahead = holder ?? { ...(claim ?? { who: 'somebody', command: 'abort' }), pid: 0, since: 'just now' }
    // Nobody stops a way back: a second abort waits like everybody else.
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

  /** Asks the holder to stop, once; an earlier try may have been done though its answer was lost. */
  private async ask(lease: Lease, holder: Holder, before: Claim | undefined): Promise<void> {
    const { who, command, token } = this.own
    if (this.asked?.token === holder.token && before) return
    const claim = claimed(lease, { who, command, token })
    if (before || (await this.tryTo(() => this.api.replace<Lease>(this.target, claim)))) {
      this.asked = { token: holder.token, at: performance.now() }
    }
  }

  /** A write by compare-and-swap; undefined where somebody else was faster, or the outcome is not known: look again. */
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

/** Somebody else wrote first, or removed the Lease (not: its namespace). */
function isOvertaken(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false
  return error.status === 409 || (error.status === 404 && error.command?.startsWith('PUT') === true)
}
