import { expect, test } from 'vitest'
import { lockApp } from '../../../../src/cluster/lease/lease.js'
import { claimOf, holderOf } from '../../../../src/cluster/lease/lease-object.js'
import { CanaryError } from '../../../../src/model/errors.js'
import { seededRandom } from '../../../../src/sandbox/random.js'
import { apiError, type Fate, LeaseServer } from './lease-server.js'
import { VirtualTime } from './virtual-time.js'

const LEASE_MS = 15_000
const CLAIM_MS = 300_000
const RUNS = 200

let time: VirtualTime

/** One operator's process. */
interface Operator {
  host: string
  pid: number
  isDead: boolean
  isReleasing: boolean
}

/** Some operators on two hosts who want one app, some of them killed, on a server that fails now and then. */
class Race {
  readonly violations: string[] = []
  readonly outcomes: Record<string, number> = {}
  private readonly server = new LeaseServer(time)
  private readonly operators: Operator[] = []
  /** When each was the holder at the server last, by pid. */
  private readonly lifeOf = new Map<number, number>()
  private claimedAt = 0

  constructor(private readonly random: () => number) {
    this.server.written = (before) => this.check(before && holderOf(before)?.pid)
  }

  async run(): Promise<void> {
    const failing = this.random() < 0.5 ? 0.1 : 0
    const count = 2 + Math.floor(this.random() * 4)
    const together = this.random() < 0.5
    const all = Array.from({ length: count }, async (_, index) => {
      await time.wait(together ? this.random() * 5 : this.random() * 30_000)
      await this.operate(index + 1, failing)
    })
    await time.until(Promise.all(all))
    await this.operate(99, 0, { preempt: false, waitMs: 60_000 })
  }

  private async operate(
    pid: number,
    failing: number,
    { preempt, waitMs } = { preempt: this.random() < 0.25, waitMs: this.pick([0, 0, 5000, 120_000]) },
  ): Promise<void> {
    const own: Operator = { host: this.pick(['one', 'two']), pid, isDead: false, isReleasing: false }
    this.operators.push(own)
    const isLast = pid === 99
    if (!isLast && this.random() < 0.25) void this.kill(own, this.random() * 40_000)
    const taking = lockApp(
      this.server.client(
        // Reads are repeated on the way already.
        (verb) => this.fate(own, verb === 'find' ? failing / 20 : failing),
        () => ({ there: this.random() * 40, back: this.random() * 40 }),
      ),
      {
        ...{ app: 'echo', namespace: 'echo', who: `user-${pid}`, waiting: () => undefined },
        ...{ command: preempt ? 'abort echo' : `shift echo ${pid}`, preempt, waitMs },
      },
      undefined,
      {
        thisProcess: () => ({ host: own.host, pid, scope: 'boot', started: '1' }),
        hasDied: (other) =>
          other.host === own.host && this.operators.some((each) => each.pid === other.pid && each.isDead),
      },
    )
    // A process that was killed comes to no end of its own.
    const lock = await (isLast ? time.until(taking) : Promise.race([taking, this.death(own)])).catch(
      (error: unknown) => this.note(error),
    )
    if (!lock || own.isDead) return
    if (isLast) this.count('the last one has it')
    for (let step = 0; step < 3 && !own.isDead && !isLast; step += 1) {
      await time.wait(this.random() * 10_000)
      const asked = time.elapsed()
      const confirmed = await Promise.race([lock.confirm(), this.death(own)]).then(
        () => !own.isDead,
        (error: unknown) => void this.note(error),
      )
      if (own.isDead) return
      if (!confirmed) break
      this.count('upgraded')
      if ((this.lifeOf.get(pid) ?? -1) < asked)
        this.violations.push(`${pid} upgraded without holding the app`)
    }
    own.isReleasing = true
    const release = lock.release()
    await (isLast ? time.until(release) : release)
  }

  /** What the server may come to: nobody is taken from who lives and was not asked. */
  private check(before: number | undefined): void {
    const now = time.elapsed()
    const after = this.server.holder()
    const operator = (pid: number) => this.operators.find((each) => each.pid === pid)!
    if (before !== undefined && before !== after?.pid) {
      const { isDead, isReleasing, host } = operator(before)
      const isSilent = now - (this.lifeOf.get(before) ?? now) >= LEASE_MS
      const wasAsked = this.claimedAt > 0 && now - this.claimedAt >= CLAIM_MS
      const mayTake = after && ((isDead && operator(after.pid).host === host) || isSilent || wasAsked)
      if (after ? !mayTake : !isReleasing) {
        this.violations.push(`at ${now} ${after?.pid ?? 'nobody'} has it after ${before}`)
      }
    }
    const claim = this.server.lease && claimOf(this.server.lease)
    if (!claim) this.claimedAt = 0
    else if (this.claimedAt === 0) this.claimedAt = now
    // A request to stop is no sign of life.
    const isLife = after && (after.pid !== before || claim === undefined || this.claimedAt !== now)
    if (isLife) this.lifeOf.set(after.pid, now)
  }

  private fate(own: Operator, failing: number): Fate {
    if (own.isDead) return 'silent'
    if (this.random() >= failing) return undefined
    return this.pick<Fate>(['lost', apiError(503), 'silent'])
  }

  private async kill(own: Operator, after: number): Promise<void> {
    await time.wait(after)
    own.isDead = true
  }

  private async death(own: Operator): Promise<undefined> {
    while (!own.isDead && !own.isReleasing) await time.wait(1000)
  }

  private note(error: unknown): undefined {
    if (!(error instanceof CanaryError)) throw error
    this.count(error.outcome)
  }

  private count(what: string): void {
    this.outcomes[what] = (this.outcomes[what] ?? 0) + 1
  }

  private pick<T>(choices: T[]): T {
    return choices[Math.floor(this.random() * choices.length)]!
  }
}

test(`${RUNS} races: nobody upgrades without holding the app, and in the end it is free for the next`, async () => {
  const total: Record<string, number> = {}
  for (let seed = 1; seed <= RUNS; seed += 1) {
    time = new VirtualTime()
    const race = new Race(seededRandom(seed))
    await race.run().finally(() => time.end())
    expect(race.violations, `seed ${seed}`).toEqual([])
    expect(race.outcomes['the last one has it'], `seed ${seed}`).toBe(1)
    for (const [what, count] of Object.entries(race.outcomes)) total[what] = (total[what] ?? 0) + count
  }
  // The races were worth it: all that can happen did.
  expect(Object.keys(total).sort()).toEqual(
    expect.arrayContaining(['busy', 'conflict', 'the last one has it', 'upgraded']),
  )
})
