import type { ProxyAddress, VersionPods } from '../cluster/cluster.js'
import { describeStage } from '../model/describe-stage.js'
import { CanaryError } from '../model/errors.js'
import type { Expectation, StageProof } from '../model/expectation.js'
import type { Revision } from '../model/release.js'
import type { Stage } from '../model/stage.js'
import type { JsonObject } from '../model/values.js'
import { fingerprintOf } from '../rollout/fingerprint.js'
import { effectiveValues } from '../rollout/merge.js'

import type { VersionRule } from '../verification/verifier.js'
import type { OperationContext } from './context.js'
import { parseManifest } from './manifest.js'

export interface StageToProve {
  app: string
  namespace: string
  stage: Stage
  expectations: Expectation[]
  /** The revision that is deployed: its values say how answers name their version, its manifest the fingerprint. */
  revision: Revision
  /** True right after an upgrade or after pods became ready: endpoints may still be on their way. */
  settling: boolean
  /** Pods as they were before the upgrade, where there was one. */
  podsBefore?: VersionPods[]
  /** Ends the probing; by default the context's. */
  signal?: AbortSignal
}

/** Proves stages for one command: the proxy's address is found once and kept until `close`. */
export class Prover {
  private address?: Promise<ProxyAddress>

  constructor(private readonly context: OperationContext) {}

  /** The proxy's origin, found on first use. */
  async origin(): Promise<string> {
    const { proxyUrl } = this.context.probes
    if (proxyUrl) return proxyUrl
    this.address ??= this.context.cluster.proxyAddress()
    return (await this.address).origin
  }

  /** Counts traffic against the expectations; resolves with the proof whatever its verdict. */
  async prove(request: StageToProve): Promise<StageProof> {
    const { context } = this
    const { probes, cluster, emit } = context
    const { app, namespace, revision, stage } = request
    const origin = await this.origin()
    emit({ type: 'verifying', stage, url: origin, expectations: request.expectations })
    const values = effectiveValues(revision.chart.values, revision.config)
    const podsBefore = request.podsBefore ?? (await cluster.versionPods(app, namespace))
    const proof = await context.verifier.prove(
      {
        app,
        expectations: request.expectations,
        origin,
        host: probes.host,
        headers: probes.headers,
        versionRule: versionRule(values),
        versionHeader: versionHeader(values),
        versionHeaderIsProof: versionHeaderIsProof(values, request.expectations, podsBefore),
        fingerprint: fingerprintOf(parseManifest(revision.manifest), values),
        settling: request.settling,
        rate: probes.rate,
        timeoutMs: probes.timeoutMs,
        userAgent: probes.userAgent,
      },
      {
        converged: (elapsedMs) => emit({ type: 'converged', elapsedMs }),
        progress: (checks) => emit({ type: 'check-progress', checks }),
        check: (check) => emit({ type: 'check', check }),
      },
      request.signal ?? context.signal,
    )
    if (proof.verdict === 'pass') emit({ type: 'proven', stage, proof })
    return proof
  }

  async close(): Promise<void> {
    const address = await this.address?.catch(() => undefined)
    await address?.close()
  }
}

/** Throws unless the proof passed: exit 3 for a fail, 4 for an inconclusive one; `state` and `nextSteps` go along. */
export function requirePass(
  proof: StageProof,
  stage: Stage,
  details: { state: string; nextSteps: string[] },
): void {
  if (proof.verdict === 'pass') return
  const reasons = proof.checks.filter((check) => check.verdict === proof.verdict).map((check) => check.reason)
  const said = proof.verdict === 'fail' ? 'Traffic contradicts the stage' : 'The stage could not be proven'
  throw new CanaryError(
    proof.verdict === 'fail' ? 'failed' : 'inconclusive',
    `${said} "${describeStage(stage)}": ${reasons.join('; ') || 'no check came to a verdict'}.`,
    { ...details, evidence: { proof } },
  )
}

function versionRule(values: JsonObject): VersionRule | undefined {
  const verify = values.verify
  if (typeof verify !== 'object' || verify === null || Array.isArray(verify)) return undefined
  const rule = verify.version
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) return undefined
  return rule
}

function versionHeader(values: JsonObject): string | undefined {
  const routes = values.routes as JsonObject | undefined
  const header = routes?.versionHeader
  return typeof header === 'string' && header !== '' ? header : undefined
}

/**
 * The version header tells what the proxy chose, not who answered: with Gloo's default fallback another version may
 * have. It is proof with NO_FALLBACK, with a single version deployed, or when every version routed to had ready pods.
 */
function versionHeaderIsProof(values: JsonObject, expectations: Expectation[], pods: VersionPods[]): boolean {
  const upstream = values.upstream as JsonObject | undefined
  if (upstream?.fallbackPolicy === 'NO_FALLBACK') return true
  if (Object.keys((values.deployment as JsonObject | undefined) ?? {}).length === 1) return true
  const routed = new Set(
    expectations.flatMap(({ primary, canary }) => (canary ? [primary, canary] : [primary])),
  )
  return [...routed].every((version) => (pods.find((entry) => entry.version === version)?.ready ?? 0) > 0)
}
