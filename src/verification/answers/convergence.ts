import type { Routes } from './classify.js'

/**
 * When the proxies serve the wanted routes, and how long the propagation of the change excuses a finding. All times are
 * milliseconds on one monotonic clock.
 */
export interface Convergence {
  readonly mode: 'fingerprint' | 'epochs'
  /** When the last proxy first answered through the wanted routes; undefined until then, and without a fingerprint. */
  readonly convergedAt?: number
  /** Only answers to probes issued after this are judged; Infinity until the wanted routes are served. */
  readonly countFrom: number
  /** A finding in answers to probes issued before this restarts the count; after it, it is final. */
  readonly settledAt: number
  /** Bound on passing a wrong share in any one count, so that the restarts together keep to `beta`. */
  readonly beta: number
  /** Names of the proxies that do not serve the wanted routes yet. */
  readonly behind: string[]
  /** Records an answer as it arrives. */
  arrived(routes: Routes, at: number, proxy?: string): void
  /** How long to wait before restart number `restart` (from 1). */
  pauseBefore(restart: number): number
}

/** Endpoints reach the proxies separately from routes, and not all proxies at once. */
const SETTLING_MS = 2000
/** Long enough not to restart on every answer of old endpoints, short against their propagation (0.25 to 0.5 s). */
const RESTART_PAUSE_MS = 100
/** Without a fingerprint: how long old routes excuse failing counts. */
const EPOCHS_MS = 30_000
const FIRST_BACKOFF_MS = 250
/** Backoffs doubling from 0.25 s start at most 8 counts in 30 s. */
const MAX_EPOCHS = 8

/**
 * By the fingerprint on each answer: counting starts with the first probe issued after every proxy has answered through
 * the wanted routes (probes in flight then may still have met the old ones). From then on foreign and missing
 * fingerprints are findings; while settling, findings restart the count for another 2 s.
 */
export class FingerprintConvergence implements Convergence {
  readonly mode = 'fingerprint'
  convergedAt?: number
  private readonly waitingFor: Set<string>

  /** @param proxies names of the proxies probed one by one; a single empty name for the shared address */
  constructor(
    private readonly settling: boolean,
    readonly beta: number,
    private readonly proxies: string[] = [''],
  ) {
    this.waitingFor = new Set(proxies)
  }

  get countFrom(): number {
    return this.convergedAt ?? Infinity
  }

  get settledAt(): number {
    return this.settling ? this.countFrom + SETTLING_MS : 0
  }

  get behind(): string[] {
    return this.proxies.filter((proxy) => this.waitingFor.has(proxy))
  }

  arrived(routes: Routes, at: number, proxy = ''): void {
    if (routes !== 'wanted' || !this.waitingFor.delete(proxy)) return
    if (this.waitingFor.size === 0) this.convergedAt ??= at
  }

  pauseBefore(): number {
    return RESTART_PAUSE_MS
  }
}

/**
 * Without a fingerprint: epochs. A count that fails in the first 30 s (or half the time limit) is discarded and
 * restarted after a backoff of 0.25 s, doubling; the bound on false passes is split over the at most 8 epochs. If the
 * previous stage meets the same expectation, the first 2 s after a change are ignored: they may show the old routes. If
 * nothing is settling there is only one epoch.
 */
export class EpochConvergence implements Convergence {
  readonly mode = 'epochs'
  readonly convergedAt = undefined
  readonly behind = []
  readonly countFrom: number
  readonly settledAt: number
  readonly beta: number

  /** @param looksAsBefore whether old routes look the same, or may */
  constructor(settling: boolean, startedAt: number, timeoutMs: number, beta: number, looksAsBefore = true) {
    this.countFrom = settling && looksAsBefore ? startedAt + SETTLING_MS : startedAt
    this.settledAt = settling ? startedAt + Math.min(EPOCHS_MS, timeoutMs / 2) : 0
    this.beta = settling ? beta / MAX_EPOCHS : beta
  }

  arrived(): void {
    // Without a fingerprint an answer does not show its routes.
  }

  pauseBefore(restart: number): number {
    return FIRST_BACKOFF_MS * 2 ** (restart - 1)
  }
}
