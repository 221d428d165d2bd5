import type { LockHolder } from '../../model/results/runs.js'
import { CanaryError, ConflictError } from '../../model/errors.js'
import { ApiError, explainSilence, isPassing } from '../kube/api-errors.js'
import type { AppLock } from '../ports/locks.js'
import type { RecordedProof } from '../ports/proofs.js'
import type { KubeApi } from '../kube/kube-api.js'
import type { Target } from '../kube/kube-types.js'
import {
  claimOf,
  freed,
  holderOf,
  type Lease,
  proofsOf,
  renewed,
  withProof,
  withProofs,
} from './lease-object.js'
import { atMost, sleep } from '../../lib/sleep.js'

/** A Lease that was just taken. */
interface Hold {
  app: string
  target: Target
  lease: Lease
  token: string
  tookOverFromDead: boolean
  brokenFrom?: LockHolder
  renewEveryMs: number
  leaseMs: number
}

const CONFIRM_PAUSES_MS = [200, 600, 1800]
/** A write that is not answered for this share of the lease's time is written again: two more fit before it is over. */
const ANSWER_SHARE = 0.4
/** Giving the app back ends after this, and three times what the last write took: a conflict, a look, a write. */
const LONGEST_RELEASE_MS = 2000
const RELEASE_PAUSE_MS = 200
/** Conflicts of one write in a row, after which it is no race any more but a server that always says so. */
const MOST_CONFLICTS = 10

/** A Lease that is ours: renewed until it is given back, or lost. */
export class HeldLease implements AppLock {
  readonly tookOverFromDead: boolean
  readonly brokenFrom?: LockHolder
  private readonly losing = new AbortController()
  private lease: Lease
  /** Those of this hold. */
  private proofs: RecordedProof[] = []
  /** When the last write that was done was sent: from then on the others count, at the earliest. */
  private renewedAt = performance.now()
  private roundTripMs = 0
  private timer?: NodeJS.Timeout
  /** Renewals follow one another: each needs the resourceVersion of the one before. */
  private last: Promise<unknown> = Promise.resolve()
  private isReleased = false
  /** Whether the Lease is somebody else's, or nobody's. */
  private isGone = false

  constructor(
    private readonly api: Pick<KubeApi, 'find' | 'replace' | 'remove'>,
    private readonly own: Hold,
  ) {
    this.lease = own.lease
    this.tookOverFromDead = own.tookOverFromDead
    this.brokenFrom = own.brokenFrom
    this.renewLater()
  }

  get lost(): AbortSignal {
    return this.losing.signal
  }

  async confirm(): Promise<void> {
    for (const pauseMs of [...CONFIRM_PAUSES_MS, undefined]) {
      this.lost.throwIfAborted()
      try {
        await this.renew()
        break
      } catch (error) {
        if (pauseMs === undefined || !isPassing(error)) throw error
        await sleep(pauseMs)
      }
    }
    this.lost.throwIfAborted()
  }

  record(proof: RecordedProof): void {
    this.proofs = withProof(this.proofs, proof)
  }

  async release(): Promise<void> {
    this.isReleased = true
    clearTimeout(this.timer)
    await atMost(LONGEST_RELEASE_MS + 3 * this.roundTripMs, (late) => this.giveBack(late))
  }

  async remove(): Promise<boolean> {
    this.isReleased = true
    clearTimeout(this.timer)
    let isRemoved = false
    await atMost(LONGEST_RELEASE_MS + 3 * this.roundTripMs, async (late) => {
      isRemoved = await this.deleteOwn(late)
    })
    if (!isRemoved) await this.release()
    return isRemoved
  }

  /** Only a Lease that is still ours, as we wrote it last; whether it is gone. */
  private async deleteOwn(late: AbortSignal): Promise<boolean> {
    await this.last
    while (!this.isGone && !late.aborted) {
      try {
        const { resourceVersion } = this.lease.metadata
        await this.api.remove(this.own.target, { resourceVersion })
        this.isGone = true
        return true
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 409) return false
        await this.lookAgain()
      }
    }
    return false
  }

  /** Past any renewal that is under way: of two writes at once one gets a conflict, and looks. */
  private async giveBack(late: AbortSignal): Promise<void> {
    while (!this.isGone && !late.aborted) {
      try {
        await this.write(freed)
        this.isGone = true
      } catch {
        await sleep(RELEASE_PAUSE_MS, late) // not given back in the end, it is free once its time is over
      }
    }
  }

  private renewLater(): void {
    this.timer = setTimeout(() => void this.renewInTime(), this.own.renewEveryMs)
    this.timer.unref()
  }

  /** Goes on when an `abort` asked for the app, too: until it is given back a helm of ours may run. */
  private async renewInTime(): Promise<void> {
    try {
      await this.renew()
    } catch (error) {
      if (performance.now() - this.renewedAt >= this.own.leaseMs) this.lose(this.notRenewed(error))
    }
    if (!this.isGone && !this.isReleased) this.renewLater()
  }

  private renew(): Promise<void> {
    const next = this.last.then(() => this.write(renewed))
    this.last = next.catch(() => undefined)
    return next
  }

  /**
   * One write by compare-and-swap; where somebody else wrote, what they wrote is looked at. Safe to repeat when its
   * outcome is not known: our own write whose answer was lost makes the next a conflict, and our token tells.
   */
  private async write(change: (lease: Lease) => Lease): Promise<void> {
    for (let conflicts = 0; !this.isGone; conflicts += 1) {
      const sent = performance.now()
      try {
        this.lease = await this.answered(this.api.replace<Lease>(this.own.target, this.next(change)))
        this.renewedAt = sent
        this.roundTripMs = performance.now() - sent
        return
      } catch (error) {
        const isStale = error instanceof ApiError && (error.status === 409 || error.status === 404)
        if (!isStale || conflicts >= MOST_CONFLICTS) throw error
        await this.lookAgain()
      }
    }
  }

  private next(change: (lease: Lease) => Lease): Lease {
    return withProofs(change(this.lease), this.proofs.reduce(withProof, proofsOf(this.lease)))
  }

  private async lookAgain(): Promise<void> {
    const lease = await this.answered(this.api.find<Lease>(this.own.target))
    const holder = lease && holderOf(lease)
    const { app, target, token } = this.own
    if (!lease || holder?.token !== token) {
      this.isGone = true
      const why = holder
        ? `${holder.who} took ${app} over with "canary ${holder.command}": this command had given no sign of life for a while, or its lock was broken.`
        : `Somebody removed this command's hold on ${app} (the Lease ${target.name} in namespace ${target.namespace}).`
      this.lose(new ConflictError(why))
      return
    }
    this.lease = lease
    const claim = claimOf(lease)
    if (!claim) return
    this.lose(new ConflictError(`${claim.who} took ${app} over with "canary ${claim.command}".`))
  }

  /** An answer in time: one connection that hangs must not cost the Lease. */
  private async answered<T>(answer: Promise<T>): Promise<T> {
    const limitMs = this.own.leaseMs * ANSWER_SHARE
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(explainSilence('update', this.own.target, new Error(`no answer within ${limitMs / 1000} s`)))
      }, limitMs)
      timer.unref()
    })
    try {
      return await Promise.race([answer, late])
    } finally {
      clearTimeout(timer)
    }
  }

  private notRenewed(cause: unknown): CanaryError {
    const { app, leaseMs } = this.own
    const said = cause instanceof Error ? cause.message : String(cause)
    return new CanaryError(
      'external',
      `The lock on ${app} could not be renewed for ${leaseMs / 1000} s, another operator may hold it now: ${said}`,
      { nextSteps: cause instanceof CanaryError ? cause.nextSteps : [], cause },
    )
  }

  private lose(reason: CanaryError): void {
    if (!this.isReleased && !this.lost.aborted) this.losing.abort(reason)
  }
}
