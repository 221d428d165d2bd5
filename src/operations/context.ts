import type { Clock } from '../lib/clock.js'
import type { Cluster } from '../cluster/port.js'
import type { Emit } from '../model/events.js'
import type { Allowance } from '../model/verify-settings.js'
import type { Routing } from '../routing/provider.js'
import type { ScaleMode } from '../rollout/plan/capacity.js'
import type { Verifier } from '../verification/probing/verifier.js'

/** How probes are sent; undefined fields are found out (the proxy's address) or left out. */
export interface ProbeSettings {
  /** Origin of the proxy; by default the routing provider finds it. */
  proxyUrl?: string
  host?: string
  /** Sent with every probe, over those of the values. */
  headers: Record<string, string>
  /** Probes per second for each kind, 0 as fast as it goes. */
  rate: number
  timeoutMs: number
  userAgent: string
  /** Ask every proxy pod by itself; undefined: where there are several and they can be reached. */
  eachProxy?: boolean
  /** Half width of the band around a weight, 0..1, in place of that of the values. */
  tolerance?: number
  /** `--set-verify` texts, laid over the `verify:` of the values. */
  setVerify: string[]
  /** Such texts of a canary.yaml that the caller did not name: laid over first, and trusted no more than the values. */
  defaultVerify: string[]
  /** What the values may ask for beyond the app's own requests. */
  allow: Allowance
  /** Addresses in place of DNS's, `host:port` to address. */
  resolve: Record<string, string>
  /** PEM texts. */
  tls: { ca?: string; cert?: string; key?: string }
  /** URL of an HTTP proxy to go through. */
  httpProxy?: string
  /** A variable of the environment, for headers whose values are secret. */
  env: (name: string) => string | undefined
}

/** What every operation works with; the CLI wires it. */
export interface OperationContext {
  cluster: Cluster
  /** The gateways that apps' routes are made for. */
  routing: Routing
  verifier: Verifier
  clock: Clock
  emit: Emit
  /** Aborted by the first Ctrl-C: the running step's Helm call ends, then the operation stops. */
  signal: AbortSignal
  probes: ProbeSettings
  /** Bound on failing any stage whose traffic is right, for all that this operation proves; where it is one of many. */
  alpha?: number
  /** Who runs this, `user@host`: for Helm's description and the Lease. */
  operator: string
  /** The run of a runbook that this belongs to, and its step: for Helm's description and the Lease, too. */
  run?: { id: string; step: string }
  /** How long pods may take to become ready, or to be gone. */
  podTimeoutMs: number
  /** Plan only: change nothing. */
  dryRun: boolean
  /** Bring back a release that a failed or killed helm left behind, before anything else. */
  recover: boolean
  /** Overwrite what others changed by hand in the release's objects. */
  takeOver: boolean
  /** Go on where routes overlap with those of other apps, with a warning. */
  allowOverlap: boolean
  /** How long to wait for another operator of the app, milliseconds; 0 tells at once that it is busy. */
  waitForLockMs: number
  /** What is done where the canary has too few pods for its share; undefined: what the app's values say. */
  scale?: ScaleMode
  /** What follows a step that failed: nothing, `abort`, or a question. */
  onFailure: 'stop' | 'abort' | 'ask'
  /** Asks a person; undefined off a terminal. Always yes with `--yes`. */
  confirm?: (question: string) => Promise<boolean>
  /** The same for what has a flag of its own (`--recover`, `--take-over`): `--yes` does not answer it. */
  decide?: (question: string) => Promise<boolean>
}

/** Which app, and where: without a namespace, the only release of that name is meant. */
export interface AppRequest {
  app: string
  namespace?: string
}
