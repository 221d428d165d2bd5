import type { LockHolder } from '../../../src/model/results/runs.js'
import type { AppLock, LockRequest } from '../../../src/cluster/ports/locks.js'
import { CanaryError } from '../../../src/model/errors.js'
import { Actor, type Turns } from './turns.js'

/** A Lease that nobody renews is its holder's no more after this long; a freed one waits so long for who asked for it. */
const LEASE_MS = 15_000
const RESERVED_MS = 5000

interface Claim {
  by: Actor
  holder: LockHolder
}

interface Hold extends Claim {
  lost: AbortController
}

/** The one Lease of the model's app: a holder that lives keeps it, one that died on another host is waited for. */
export class ModelLease {
  private hold?: Hold
  /** Who asked the holder to stop; the Lease is kept for them for a while once it is free. */
  private claim?: Claim
  private freedAt = 0
  private readonly renewals = new Actor('lease')

  constructor(
    private readonly turns: Turns,
    /** Without a namespace there can be no Lease in it. */
    private readonly hasNamespace: () => boolean,
  ) {}

  holder(): LockHolder | undefined {
    return this.hold?.holder
  }

  async lock(by: Actor, request: LockRequest): Promise<AppLock> {
    const { turns } = this
    const started = turns.now()
    let seen: { hold: Hold | undefined; since: number } | undefined
    let told = false
    for (;;) {
      const answer = await turns.act(
        by,
        'take the Lease',
        (): AppLock | { from: LockHolder; until: number } => {
          const { hold, claim } = this
          if (!this.hasNamespace()) return WITHOUT
          if (!hold) {
            const isOthers = claim && claim.by !== by && !claim.by.dead
            if (!isOthers || turns.now() - this.freedAt >= RESERVED_MS) return this.take(by, request, false)
            if (turns.now() - started >= request.waitMs) throw busy(claim.holder)
            return { from: claim.holder, until: this.freedAt + RESERVED_MS }
          }
          if (hold.by.dead && hold.by.host === by.host) return this.take(by, request, true)
          if (request.breaks) {
            hold.lost.abort(this.lost())
            return { ...this.take(by, request, false), brokenFrom: hold.holder }
          }
          if (seen?.hold !== hold) seen = { hold, since: turns.now() }
          if (hold.by.dead && turns.now() - seen.since >= LEASE_MS) return this.take(by, request, false)
          const preempts = request.preempt && !hold.holder.command.startsWith('abort ')
          if (preempts) this.ask(hold, { by, holder: holderOf(request) })
          const over = started + request.waitMs
          if (!preempts && !hold.by.dead && turns.now() >= over) throw busy(hold.holder)
          return {
            from: hold.holder,
            until: hold.by.dead ? seen.since + LEASE_MS : preempts ? Infinity : over,
          }
        },
      )
      if ('lost' in answer) return answer
      if (!told) request.waiting(answer.from)
      told = true
      const { hold } = this
      const goesOn = () => this.hold !== hold || request.signal?.aborted === true || hold?.by.dead === true
      await turns.until(
        by,
        'wait for the Lease',
        hold?.by.dead ? () => this.hold !== hold : goesOn,
        answer.until,
      )
      if (request.signal?.aborted) throw busy(answer.from)
    }
  }

  private take(by: Actor, request: LockRequest, tookOverFromDead: boolean): AppLock {
    const hold: Hold = { by, holder: holderOf(request), lost: new AbortController() }
    this.claim = undefined
    this.hold = hold
    return {
      tookOverFromDead,
      lost: hold.lost.signal,
      confirm: () =>
        this.turns.act(by, 'confirm the Lease', () => {
          if (this.hold === hold && !this.claim) return
          hold.lost.abort(this.lost())
          throw hold.lost.signal.reason as Error
        }),
      record: () => {},
      release: () =>
        this.turns.act(by, 'release the Lease', () => {
          if (this.hold !== hold) return
          this.hold = undefined
          this.freedAt = this.turns.now()
        }),
      remove: () =>
        this.turns.act(by, 'delete the Lease', () => {
          if (this.hold !== hold) return false
          this.hold = undefined
          return true
        }),
    }
  }

  /** The holder learns of it when it renews its Lease. */
  private ask(hold: Hold, claim: Claim): void {
    if (this.claim) return
    this.claim = claim
    this.turns.later(this.renewals, `${hold.by.name} is asked to stop`, () => {
      if (!hold.by.dead && this.hold === hold) hold.lost.abort(this.lost())
    })
  }

  private lost(): CanaryError {
    const { who, command } = (this.claim ?? this.hold)!.holder
    return new CanaryError('conflict', `${who} took the app over with "canary ${command}".`)
  }
}

/** Where there can be no Lease the operator is told nothing, and has none. */
const WITHOUT: AppLock = {
  tookOverFromDead: false,
  lost: new AbortController().signal,
  confirm: () => Promise.resolve(),
  record: () => {},
  release: () => Promise.resolve(),
  remove: () => Promise.resolve(true),
}

function holderOf({ who, command, runId }: LockRequest): LockHolder {
  return { who, command, pid: 1, since: '2026-01-01T00:00:00Z', runId }
}

function busy({ who, command }: LockHolder): CanaryError {
  return new CanaryError('busy', `${who} holds the app with "canary ${command}".`)
}
