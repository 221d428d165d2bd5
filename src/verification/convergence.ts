import type { Routes } from './classify.js'

/**
 * When the proxy serves what is to be proven, and how long a finding may still be put down to the change travelling.
 * All times are milliseconds on one monotonic clock.
 */
export interface Convergence {
  readonly mode: 'fingerprint' | 'epochs'
  /** When the first answer of the wanted routes came; undefined until then, and where nothing tells. */
  readonly convergedAt?: number
  /** Only answers to probes issued after this are judged; Infinity until the wanted routes are served. */
  readonly countFrom: number
  /** A finding in answers to probes issued before this restarts the count; after it, it is final. */
  readonly settledAt: number
  /** Bound on passing a wrong share in any one count, so that the restarts together keep to `beta`. */
  readonly beta: number
  /** Takes note of an answer as it arrives. */
  arrived(routes: Routes, at: number): void
  /** How long to wait before the count begins anew, after so many restarts (1 the first time). */
  pauseBefore(restart: number): number
}

/** Endpoints travel to the proxy apart from routes, and proxies do not all learn at once. */
const SETTLING_MS = 2000
/** Long enough not to restart on every answer of the old endpoints, short against their travel (0.25 to 0.5 s). */
const RESTART_PAUSE_MS = 100
/** Without a fingerprint: how long failing counts may be put down to old routes. */
const EPOCHS_MS = 30_000
const FIRST_BACKOFF_MS = 250
/** Backoffs doubling from 0.25 s start at most 8 counts in 30 s. */
const MAX_EPOCHS = 8

/**
 * By the fingerprint on each answer: counting starts with the first probe issued after an answer of the wanted routes
 * was received (probes in flight at that moment may rightly have met the old ones). From then on foreign and missing
 * fingerprints are findings; if things are settling, findings restart the count for another 2 s.
 */
export class FingerprintConvergence implements Convergence {
  readonly mode = 'fingerprint'
  convergedAt?: number

  constructor(
    private readonly settling: boolean,
    readonly beta: number,
  ) {}

  get countFrom(): number {
    return this.convergedAt ?? Infinity
  }

  get settledAt(): number {
    return this.settling ? this.countFrom + SETTLING_MS : 0
  }

  arrived(routes: Routes, at: number): void {
    if (routes === 'wanted') this.convergedAt ??= at
  }

  pauseBefore(): number {
    return RESTART_PAUSE_MS
  }
}

/**
 * Where no fingerprint tells: epochs. A count that fails in the first 30 s (or half the time there is) is thrown away
 * and begun anew after a backoff of 0.25 s, doubling; the bound on false passes is split over the at most 8 epochs.
 * The first 2 s after a change are left out, for the stage before may meet the same expectations. If nothing is
 * settling there is one epoch only.
 */
export class EpochConvergence implements Convergence {
  readonly mode = 'epochs'
  readonly convergedAt = undefined
  readonly countFrom: number
  readonly settledAt: number
  readonly beta: number

  constructor(settling: boolean, startedAt: number, timeoutMs: number, beta: number) {
    this.countFrom = settling ? startedAt + SETTLING_MS : startedAt
    this.settledAt = settling ? startedAt + Math.min(EPOCHS_MS, timeoutMs / 2) : 0
    this.beta = settling ? beta / MAX_EPOCHS : beta
  }

  arrived(): void {
    // Nothing on an answer tells which routes it came through.
  }

  pauseBefore(restart: number): number {
    return FIRST_BACKOFF_MS * 2 ** (restart - 1)
  }
}
