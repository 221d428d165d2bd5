import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CanaryError } from '../model/errors.js'
import { ApiError, isPassing } from './api-errors.js'
import type { AppLock, LockHolder, LockRequest, RecordedProof } from './cluster.js'
import { HeldLease } from './held-lease.js'
import type { KubeApi } from './kube-api.js'
import { LEASES } from './kube-types.js'
import {
  claimed,
  claimOf,
  type Holder,
  held,
  holderOf,
  type Lease,
  LEASE_SECONDS,
  leaseName,
  proofsOf,
} from './lease-object.js'
import { hasDied, thisProcess } from './lock-holder.js'

/** How often things are looked at, and how long they last; milliseconds. */
export interface LockTiming {
  /** A Lease that did not change for this long, while one looked, is its holder's no more. */
  leaseMs: number
  renewEveryMs: number
  lookEveryMs: number
  /** How long a Lease that was freed for somebody waits for them. */
  reservedMs: number
  /** How long `abort` waits for a holder that goes on renewing: its helm may still run. */
  claimMs: number
}

const TIMING: LockTiming = {
  leaseMs: LEASE_SECONDS * 1000,
  renewEveryMs: 2000,
  lookEveryMs: 250,
  reservedMs: 5000,
  claimMs: 300_000,
}

/** Tries of a write whose outcome is not known: each looks first. */
const MOST_TRIES = 6

/**
 * Takes the app's Lease for one operator, by compare-and-swap. No clocks are compared: a holder is alive when the Lease
 * changes while one looks, and dead when it did not for the lease's time, or when it ran on this host and is gone.
 * Throws CanaryError `busy`, naming the holder. Where Leases may not be written, or the namespace is still to come, it
 * resolves without a hold.
 */
export async function lockApp(
  api: KubeApi,
  request: LockRequest,
  timing: LockTiming = TIMING,
): Promise<AppLock> {
  try {
    return await new Taking(api, request, timing).take()
  } catch (error) {
    const without = withoutLease(error, request)
    if (without) return without
    throw error
  }
}

/** Proofs kept with the app's Lease; none where there is no Lease, or it may not be read. */
export async function recordedProofs(api: KubeApi, app: string, namespace: string): Promise<RecordedProof[]> {
  try {
    const lease = await api.find<Lease>({ resource: LEASES, namespace, name: leaseName(app) })
    return lease ? proofsOf(lease) : []
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return []
    throw error
  }
}

/** One operator's way to the Lease. */
class Taking {
  private readonly target
  private readonly own: Holder
  private readonly started = performance.now()
  /** The Lease as it was seen last, and since when it has been like that. */
  private seen?: { version: string; since: number }
  /** Whether the Lease changed while one looked: its holder lives. */
  private alive = false
  private told = false
  private tries = 0

  constructor(
    private readonly api: KubeApi,
    private readonly request: LockRequest,
    private readonly timing: LockTiming,
  ) {
    const { app, namespace, who, command } = request
    this.target = { resource: LEASES, namespace, name: leaseName(app) }
    this.own = { ...thisProcess(), who, command, since: new Date().toISOString(), token: randomUUID() }
  }

  async take(): Promise<AppLock> {
    for (;;) {
      const lease = await this.api.find<Lease>(this.target)
      const holder = lease && holderOf(lease)
      const isOurs = holder?.token === this.own.token
      if (lease && isOurs) return this.hold(lease, false)
      const died = holder !== undefined && hasDied(holder)
      if (!lease || died || this.isFree(lease)) {
        const taken = await this.tryTo(lease, held(lease, this.request.app, this.request.namespace, this.own))
        if (taken) return this.hold(taken, died)
        continue
      }
      await this.waitFor(lease, holder ?? this.next(lease))
    }
  }

  /** Free, or not renewed for so long that it is nobody's any more. */
  private isFree(lease: Lease): boolean {
    const { leaseMs, reservedMs } = this.timing
    const version = lease.metadata.resourceVersion ?? ''
    const now = performance.now()
    if (this.seen && this.seen.version !== version) this.alive = true
    if (this.seen?.version !== version) this.seen = { version, since: now }
    const unchanged = now - this.seen.since
    if (holderOf(lease)) return unchanged >= leaseMs
    const claim = claimOf(lease)
    return !claim || claim.token === this.own.token || unchanged >= reservedMs
  }

  /** Whom a freed Lease waits for. */
  private next(lease: Lease): LockHolder {
    const { who = 'somebody', command = 'abort' } = claimOf(lease) ?? {}
    return { who, command, pid: 0, since: 'now' }
  }

  private async waitFor(lease: Lease, holder: LockHolder): Promise<void> {
    const { waitMs, waiting, signal } = this.request
    const claim = claimOf(lease)
    // Nobody stops a way back: a second abort waits like everybody else.
    const preempt = this.request.preempt && !holder.command.startsWith('abort ')
    if (preempt && holderOf(lease) && claim?.token !== this.own.token) {
      if (claim) throw busy(this.request, { ...holder, ...claim })
      const { who, command, token } = this.own
      const asked = await this.tryTo(lease, claimed(lease, { who, command, token }))
      // Our own change is no sign of life.
      if (asked) this.seen = { version: asked.metadata.resourceVersion ?? '', since: performance.now() }
    }
    const limit = preempt ? Math.max(waitMs, this.timing.claimMs) : waitMs
    const waited = performance.now() - this.started
    const isKnown = this.alive || waitMs > 0 || preempt
    if (signal?.aborted || (isKnown && waited >= limit)) throw busy(this.request, holder)
    if (!this.told && (waitMs > 0 || preempt)) waiting(holder)
    this.told = true
    await sleep(this.timing.lookEveryMs, undefined, { signal }).catch(() => undefined)
  }

  /** A write by compare-and-swap; undefined where somebody else was faster, or the outcome is not known: look again. */
  private async tryTo(before: Lease | undefined, after: Lease): Promise<Lease | undefined> {
    try {
      const { name: _name, ...collection } = this.target
      return before
        ? await this.api.replace<Lease>(this.target, after)
        : await this.api.create<Lease>(collection, after)
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) return undefined
      this.tries += 1
      if (!isPassing(error) || this.tries >= MOST_TRIES) throw error
      await sleep(this.timing.lookEveryMs * this.tries)
      return undefined
    }
  }

  private hold(lease: Lease, tookOverFromDead: boolean): AppLock {
    const { renewEveryMs, leaseMs } = this.timing
    const target = this.target
    return new HeldLease(this.api, {
      target,
      lease,
      token: this.own.token,
      tookOverFromDead,
      renewEveryMs,
      leaseMs,
    })
  }
}

function busy(
  { app, namespace, command }: LockRequest,
  { who, pid, command: theirs, since }: LockHolder,
): CanaryError {
  const at = namespace === app ? '' : ` -n ${namespace}`
  const process = pid > 0 ? ` (pid ${pid})` : ''
  return new CanaryError('busy', `${who}${process} runs "canary ${theirs}" on ${app} since ${since}.`, {
    state: 'Nothing was changed by this command.',
    nextSteps: [
      `canary ${command}${at} --wait-for-lock 2m    (waits until they are done)`,
      `canary status ${app}${at}`,
      `canary abort ${app}${at}    (makes them stop, and goes back)`,
    ],
    evidence: { holder: { who, pid, command: theirs, since } },
  })
}

/** The lock where there can be no Lease; undefined where the error means something else. */
function withoutLease(error: unknown, { namespace }: LockRequest): AppLock | undefined {
  if (!(error instanceof ApiError) || (error.status !== 403 && error.status !== 404)) return undefined
  const noNamespace = /namespaces? "[^"]*" not found/.test(error.stderr ?? '')
  const unavailable = noNamespace
    ? undefined
    : error.status === 403
      ? `Your user may not write Leases in namespace ${namespace} (docs/rbac.yaml has the permissions).`
      : 'The cluster has no Leases (coordination.k8s.io/v1).'
  return {
    unavailable,
    tookOverFromDead: false,
    lost: new AbortController().signal,
    confirm: () => Promise.resolve(),
    record: () => undefined,
    release: () => Promise.resolve(),
  }
}
