import { setTimeout as sleep } from 'node:timers/promises'
import { CanaryError } from '../model/errors.js'
import { ApiError, isPassing } from './api-errors.js'
import type { AppLock, RecordedProof } from './cluster.js'
import type { KubeApi } from './kube-api.js'
import type { Target } from './kube-types.js'
import { claimOf, freed, holderOf, type Lease, proofsOf, renewed, withProof } from './lease-object.js'

interface Hold {
  target: Target
  lease: Lease
  token: string
  tookOverFromDead: boolean
  renewEveryMs: number
  leaseMs: number
}

const CONFIRM_PAUSES_MS = [200, 600, 1800]
const LONGEST_RELEASE_MS = 2000

/** A Lease that is ours: renewed until it is given back, or lost. */
export class HeldLease implements AppLock {
  readonly tookOverFromDead: boolean
  private readonly losing = new AbortController()
  private lease: Lease
  private proofs: RecordedProof[]
  private renewedAt = performance.now()
  private timer?: NodeJS.Timeout
  /** Writes follow one another: each needs the resourceVersion of the one before. */
  private last: Promise<unknown> = Promise.resolve()
  private isGone = false

  constructor(
    private readonly api: KubeApi,
    private readonly own: Hold,
  ) {
    this.lease = own.lease
    this.proofs = proofsOf(own.lease)
    this.tookOverFromDead = own.tookOverFromDead
    this.renewLater()
  }

  get lost(): AbortSignal {
    return this.losing.signal
  }

  async confirm(): Promise<void> {
    for (const pauseMs of [...CONFIRM_PAUSES_MS, undefined]) {
      if (this.lost.aborted) throw this.lost.reason as CanaryError
      try {
        await this.write((lease) => renewed(lease, this.proofs))
        break
      } catch (error) {
        if (pauseMs === undefined || !isPassing(error)) throw error
        await sleep(pauseMs)
      }
    }
    if (this.lost.aborted) throw this.lost.reason as CanaryError
  }

  record(proof: RecordedProof): void {
    this.proofs = withProof(this.proofs, proof)
  }

  async release(): Promise<void> {
    clearTimeout(this.timer)
    const giveBack = async () => {
      for (const pauseMs of CONFIRM_PAUSES_MS) {
        if (this.isGone) return
        try {
          await this.write((lease) => freed(lease, this.proofs))
          this.isGone = true
        } catch {
          await sleep(pauseMs)
        }
      }
    }
    await Promise.race([giveBack(), sleep(LONGEST_RELEASE_MS, undefined, { ref: false })])
    this.isGone = true
    clearTimeout(this.timer)
  }

  private renewLater(): void {
    const { renewEveryMs } = this.own
    this.timer = setTimeout(() => void this.renew(), renewEveryMs)
    this.timer.unref()
  }

  private async renew(): Promise<void> {
    try {
      await this.write((lease) => renewed(lease, this.proofs))
    } catch {
      if (performance.now() - this.renewedAt >= this.own.leaseMs) {
        this.lose('The hold on the app could not be renewed in time: somebody else may have taken it.')
      }
    }
    if (!this.isGone) this.renewLater()
  }

  /** One write by compare-and-swap; where somebody else wrote, what they wrote is looked at. */
  private write(change: (lease: Lease) => Lease): Promise<void> {
    const next = this.last.then(async () => {
      for (;;) {
        if (this.isGone) return
        try {
          this.lease = await this.api.replace<Lease>(this.own.target, change(this.lease))
          this.renewedAt = performance.now()
          return
        } catch (error) {
          // Our own write whose answer was lost looks like somebody else's: its token tells.
          if (!(error instanceof ApiError && error.status === 409)) throw error
          await this.lookAgain()
        }
      }
    })
    this.last = next.catch(() => undefined)
    return next
  }

  private async lookAgain(): Promise<void> {
    const lease = await this.api.find<Lease>(this.own.target)
    const holder = lease && holderOf(lease)
    if (!lease || holder?.token !== this.own.token) {
      this.isGone = true
      const by = holder ? `${holder.who} took it over with "canary ${holder.command}"` : 'its Lease is gone'
      this.lose(`The app is no longer held by this command: ${by}.`)
      return
    }
    this.lease = lease
    const claim = claimOf(lease)
    if (claim) this.lose(`${claim.who} asked this command to stop, with "canary ${claim.command}".`)
  }

  private lose(message: string): void {
    if (!this.lost.aborted) this.losing.abort(new CanaryError('conflict', message))
  }
}
