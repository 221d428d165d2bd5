import type { ObjectRef } from '../../model/results/diagnosis.js'
import type { RequestCounters, RoutingProvider } from '../../routing/provider.js'
import { CanaryError } from '../../model/errors.js'
import type { ShadowCheck } from '../../model/verify/expectation.js'
import type { Stage } from '../../model/stage.js'
import { judgeShadow } from '../../verification/judging/shadow.js'

/** Bound on failing a shadow whose share is right: the interval's level is 1 minus this. */
const SHADOW_FALSE_ALARM_RATE = 0.01

export interface Shadow {
  version: string
  /** Share of the requests, 0..1. */
  share: number
}

/** The version that a stage shadows requests to, if any. */
export function shadowOf(stage: Stage): Shadow | undefined {
  if (stage.name !== 'deployed' || stage.shadow === undefined) return undefined
  return { version: stage.canary, share: stage.shadow / 100 }
}

/** Counts requests and their copies by the proxies' counters: no answer shows that a copy was sent. */
export class ShadowCount {
  private counters?: RequestCounters
  private before?: ReturnType<RequestCounters['read']>
  /** Why copies cannot be counted. */
  private trouble?: string

  private constructor(private readonly shadow: Shadow) {}

  static async open(
    provider: Pick<RoutingProvider, 'counters'>,
    app: ObjectRef,
    shadow: Shadow,
  ): Promise<ShadowCount> {
    const count = new ShadowCount(shadow)
    await count.tried(async () => {
      count.counters = await provider.counters(app)
    })
    return count
  }

  /** Starts the count: the proxies now serve the shadowing routes. */
  begin(): void {
    this.before ??= this.counters?.read()
    this.before?.catch(() => undefined)
  }

  /** The check of what was counted since; undefined while more requests are needed. */
  async check(): Promise<ShadowCheck | undefined> {
    const { counters, shadow } = this
    let reported: ShadowCheck | undefined
    await this.tried(async () => {
      if (!counters || !this.before) return
      const [before, now] = [await this.before, await counters.read()]
      const since = { requests: now.requests - before.requests, copies: now.copies - before.copies }
      reported = judgeShadow(shadow.version, shadow.share, since, SHADOW_FALSE_ALARM_RATE)
    })
    this.begin()
    return this.trouble === undefined ? reported : this.unknown(`cannot be seen: ${this.trouble}`)
  }

  /** An inconclusive check. */
  unknown(why: string): ShadowCheck {
    const { version, share } = this.shadow
    const reason = `whether copies of requests reach ${version} ${why}`
    return { version, share, requests: 0, shadowed: 0, interval: [0, 1], verdict: 'inconclusive', reason }
  }

  async close(): Promise<void> {
    await this.counters?.close()
  }

  private async tried(action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      if (!(error instanceof CanaryError)) throw error
      this.trouble ??= error.message
    }
  }
}
