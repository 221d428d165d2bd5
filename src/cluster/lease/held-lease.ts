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
/** A write without an answer for this share of the lease's time is repeated: two more fit before it expires. */
const ANSWER_SHARE = 0.4
/** The limit for releasing the app, with three times the duration of the last write: a conflict, a read, a write. */
const LONGEST_RELEASE_MS = 2000
const RELEASE_PAUSE_MS = 200
/** Conflicts of one write in a row, after which it is not a race but a server that always answers so. */
const MOST_CONFLICTS = 10

/** A Lease that is ours: renewed until it is released, or lost. */
export class HeldLease implements AppLock {
  readonly tookOverFromDead: boolean
  readonly brokenFrom?: LockHolder
  private readonly losing = new AbortController()
  private lease: Lease
  private proofs: RecordedProof[] = []
  /** When the last successful write was sent: the earliest time from which others count. */
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

  /** Deletes the Lease only as we wrote it last; resolves with whether it is gone. */
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

  /** After any renewal in progress: of two concurrent writes, one would get a conflict. */
  private async giveBack(late: AbortSignal): Promise<void> {
    while (!this.isGone && !late.aborted) {
      try {
        await this.write(freed)
        this.isGone = true
      } catch {
        await sleep(RELEASE_PAUSE_MS, late) // if never released, it expires by itself
      }
    }
  }

  private renewLater(): void {
    this.timer = setTimeout(() => void this.renewInTime(), this.own.renewEveryMs)
    this.timer.unref()
  }

  /** Continues even if an `abort` claims the app: until we release it, a helm of ours may run. */
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
   * One write by compare-and-swap; if somebody else wrote, their content is read. Safe to repeat after an unknown
   * outcome: our own write whose answer was lost makes the next a conflict, and our token shows that it was ours.
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
        ? `${holder.who} took over ${app} with "canary ${holder.command}": this command had not renewed its lock in time, or the lock was broken.`
        : `The lock of this command on ${app} was removed (Lease ${target.name} in namespace ${target.namespace}).`
      this.lose(new ConflictError(why))
      return
    }
    this.lease = lease
    const claim = claimOf(lease)
    if (!claim) return
    this.lose(new ConflictError(`${claim.who} took over ${app} with "canary ${claim.command}".`))
  }

  /** An answer in time: one hanging connection must not cost the Lease. */
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
      `The lock on ${app} could not be renewed for ${leaseMs / 1000} s; another operator may hold it now: ${said}`,
      { nextSteps: cause instanceof CanaryError ? cause.nextSteps : [], cause },
    )
  }

  private lose(reason: CanaryError): void {
    if (!this.isReleased && !this.lost.aborted) this.losing.abort(reason)
  }
}
