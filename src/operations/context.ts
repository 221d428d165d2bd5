import type { Clock } from '../lib/clock.js'
import type { Cluster } from '../cluster/port.js'
import type { Emit } from '../model/events.js'
import type { Allowance } from '../model/verify-settings.js'
import type { Routing } from '../routing/provider.js'
import type { ScaleMode } from '../rollout/plan/capacity.js'
import type { Verifier } from '../verification/probing/verifier.js'

/** How probes are sent. Undefined fields are discovered (the proxy's address) or left out. */
export interface ProbeSettings {
  /** Origin of the proxy; by default the routing provider finds it. */
  proxyUrl?: string
  host?: string
  /** Sent with every probe; win over those of the values. */
  headers: Record<string, string>
  /** Probes per second for each kind, 0 as fast as it goes. */
  rate: number
  timeoutMs: number
  userAgent: string
  /** Probe every proxy pod separately; undefined: if there are several and they are reachable. */
  eachProxy?: boolean
  /** Half width of the band around a weight, 0..1; overrides the values. */
  tolerance?: number
  /** `--set-verify` texts, merged over the `verify:` of the values. */
  setVerify: string[]
  /** The same from a canary.yaml that the caller did not name: applied first, trusted no more than the values. */
  defaultVerify: string[]
  /** What the values may request beyond the app's own requests. */
  allow: Allowance
  /** Addresses in place of DNS's, `host:port` to address. */
  resolve: Record<string, string>
  /** PEM texts. */
  tls: { ca?: string; cert?: string; key?: string }
  /** URL of an HTTP proxy to go through. */
  httpProxy?: string
  /** Reads an environment variable, for secret headers. */
  env: (name: string) => string | undefined
}

/** What every operation works with; the CLI wires it. */
export interface OperationContext {
  cluster: Cluster
  /** Chooses the routing provider of an app. */
  routing: Routing
  verifier: Verifier
  clock: Clock
  emit: Emit
  /** Aborted by the first Ctrl-C: the running step's Helm call ends, then the operation stops. */
  signal: AbortSignal
  probes: ProbeSettings
  /** False-alarm bound for everything this operation verifies, if it is one of several. */
  alpha?: number
  /** Who runs this, `user@host`: for Helm's description and the Lease. */
  operator: string
  /** The runbook's run and step, also for Helm's description and the Lease. */
  run?: { id: string; step: string }
  /** How long pods may take to become ready or to terminate. */
  podTimeoutMs: number
  /** Plan only: change nothing. */
  dryRun: boolean
  /** First recover a release that a failed or killed helm left behind. */
  recover: boolean
  /** Overwrite drift. */
  takeOver: boolean
  /** Warn about overlaps with other apps' routes instead of refusing. */
  allowOverlap: boolean
  /** How long to wait for another operator of the app, milliseconds; 0 fails at once. */
  waitForLockMs: number
  /** What to do if the canary has too few pods for its share; undefined: as the app's values say. */
  scale?: ScaleMode
  /** What follows a step that failed: nothing, `abort`, or a question. */
  onFailure: 'stop' | 'abort' | 'ask'
  /** Asks a person; undefined without a terminal. Always yes with `--yes`. */
  confirm?: (question: string) => Promise<boolean>
  /** The same for decisions that have their own flag (`--recover`, `--take-over`): `--yes` does not answer these. */
  decide?: (question: string) => Promise<boolean>
}

/** Which app, and where; without a namespace, the only release of that name. */
export interface AppRequest {
  app: string
  namespace?: string
}
