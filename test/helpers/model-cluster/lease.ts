import type { AppLock, LockHolder, LockRequest } from '../../../src/cluster/cluster.js'
import { CanaryError } from '../../../src/model/errors.js'
import { Actor, type Turns } from './turns.js'

/** A Lease that nobody renews is given up by then, where its holder can't be looked for. */
const EXPIRES_MS = 15_000

interface Hold {
  by: Actor
  holder: LockHolder
  lost: AbortController
  /** Who asked the holder to stop. */
  asked?: LockHolder
}

/** The one Lease of the model's app, with the proofs kept beside it. */
export class ModelLease {
  private hold?: Hold
  private readonly renewals = new Actor('lease')

  constructor(private readonly turns: Turns) {}

  async lock(by: Actor, request: LockRequest): Promise<AppLock> {
    const { turns } = this
    const deadline = turns.now() + (request.preempt ? Number.POSITIVE_INFINITY : request.waitMs)
    let told = false
    for (;;) {
      const taken = await turns.act(by, 'take the Lease', () => {
        const { hold } = this
        if (!hold) return this.take(by, request, false)
        if (hold.by.dead && hold.by.host === by.host) return this.take(by, request, true)
        if (request.preempt) this.ask(hold, holderOf(request))
        else if (turns.now() >= deadline) throw busy(hold.holder)
        if (!told) request.waiting(hold.holder)
        told = true
        return undefined
      })
      if (taken) return taken
      const { hold } = this
      const isOver = () => this.hold !== hold || request.signal?.aborted === true
      const looksUntil = hold?.by.dead ? turns.now() + EXPIRES_MS : deadline
      const freed = await turns.until(by, 'wait for the Lease', isOver, Math.min(looksUntil, deadline))
      if (request.signal?.aborted && hold) throw busy(hold.holder)
      if (!freed && hold?.by.dead && this.hold === hold && turns.now() >= looksUntil) this.hold = undefined
    }
  }

  private take(by: Actor, request: LockRequest, tookOverFromDead: boolean): AppLock {
    const hold: Hold = { by, holder: holderOf(request), lost: new AbortController() }
    this.hold = hold
    return {
      tookOverFromDead,
      lost: hold.lost.signal,
      confirm: () =>
        this.turns.act(by, 'confirm the Lease', () => {
          if (this.hold === hold && !hold.asked) return
          const error = lost(hold)
          hold.lost.abort(error)
          throw error
        }),
      record: () => {},
      release: () =>
        this.turns.act(by, 'release the Lease', () => {
          if (this.hold === hold) this.hold = undefined
        }),
    }
  }

  /** The holder learns of it when it renews its Lease. */
  private ask(hold: Hold, who: LockHolder): void {
    if (hold.asked) return
    hold.asked = who
    this.turns.later(this.renewals, `${hold.by.name} is asked to stop`, () => {
      if (!hold.by.dead) hold.lost.abort(lost(hold))
    })
  }
}

function holderOf({ who, command }: LockRequest): LockHolder {
  return { who, command, pid: 1, since: '2026-01-01T00:00:00Z' }
}

function busy({ who, command }: LockHolder): CanaryError {
  return new CanaryError('busy', `${who} holds the app with "canary ${command}".`)
}

function lost({ asked, holder }: Hold): CanaryError {
  return new CanaryError('busy', `${(asked ?? holder).who} took the app over.`)
}
