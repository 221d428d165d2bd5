import type { OpenCluster } from '../../cluster/open.js'
import { openRouting } from '../../routing/select.js'
import type { Emit } from '../../model/events.js'
import { systemClock } from '../../lib/clock.js'
import type { Secrets } from '../../lib/secrets/secrets.js'
import type { OperationContext } from '../../operations/context.js'
import type { Verifier } from '../../verification/probing/verifier.js'
import { operator } from './operator.js'
import type { Settings } from './settings.js'

/** What an operation needs beside the settings. */
export interface OperationParts {
  cluster: OpenCluster
  verifier: Verifier
  emit: Emit
  signal: AbortSignal
  secrets: Secrets
  /** Canary's own. */
  version: string
  /** Asks a person; undefined where there is none. */
  ask?: (question: string) => Promise<boolean>
}

/** The context of an operation: settings as they were given, and what was opened for it. */
export function operationContext(settings: Settings, parts: OperationParts): OperationContext {
  const { cluster, verifier, emit, signal, secrets, version, ask } = parts
  return {
    cluster,
    routing: openRouting(cluster.kube),
    verifier,
    clock: systemClock,
    emit,
    signal,
    probes: {
      proxyUrl: settings.proxyUrl,
      host: settings.host,
      headers: settings.probeHeaders,
      rate: settings.probeRate,
      timeoutMs: settings.verifyTimeoutMs,
      userAgent: `canary/${version}`,
      eachProxy: settings.eachProxy,
      tolerance: settings.tolerance,
      setVerify: settings.setVerify,
      defaultVerify: settings.defaultVerify,
      allow: settings.allow,
      resolve: settings.resolve,
      tls: settings.tls,
      httpProxy: settings.httpProxy,
      env: (name) => {
        const value = process.env[name]
        if (value !== undefined) secrets.add(value)
        return value
      },
    },
    operator: operator(),
    podTimeoutMs: settings.podTimeoutMs,
    dryRun: settings.dryRun,
    recover: settings.recover,
    takeOver: settings.takeOver,
    allowOverlap: settings.allowOverlap,
    waitForLockMs: settings.waitForLockMs,
    scale: settings.scale,
    onFailure: settings.onFailure ?? (ask && !settings.yes ? 'ask' : 'stop'),
    confirm: settings.yes ? () => Promise.resolve(true) : ask,
    decide: settings.yes ? undefined : ask,
  }
}
