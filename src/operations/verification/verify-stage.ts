import type { Clock } from '../../lib/clock.js'
import type { AppWorkloads } from '../../cluster/ports/workloads.js'
import type { CheckProgress, VersionPods } from '../../model/events/events.js'
import type { CheckResult, Expectation, StageProof } from '../../model/verify/expectation.js'
import type { ObjectRef } from '../../model/results/diagnosis.js'
import type { Revision } from '../../model/release.js'
import type { Stage } from '../../model/stage.js'
import type { JsonObject } from '../../model/values.js'
import type { VerifySettings } from '../../model/verify/verify-settings.js'
import { shareIn } from '../../rollout/stage/expectations.js'
import { effectiveValues } from '../../rollout/values/merge.js'
import type { RoutingProvider } from '../../routing/provider.js'
import type {
  ProbeRequest,
  VerificationReporter,
  VerificationRequest,
} from '../../verification/probing/verifier.js'
import type { OperationContext } from '../context.js'
import { parseManifest } from '../observe/manifest.js'
import { sorted } from '../ownership/holdings.js'
import { answersName, verifyByCounters } from './counted-versions.js'
import { VersionNaming } from './named-versions.js'
import { Proxies } from './proxies.js'
import { watchRevision } from '../change/run/revision-watch.js'
import { ShadowCount, shadowOf } from './shadow-counts.js'
import { verifySettings } from './verify-settings.js'

/** Default bound on failing any stage of a plan whose traffic is right, over all its checks together. */
export const PLAN_FALSE_ALARM_RATE = 0.001

export interface StageToVerify {
  app: string
  namespace: string
  stage: Stage
  expectations: Expectation[]
  /** The deployed revision: its values define how answers name their version, its manifest has the fingerprint. */
  revision: Revision
  /** Number of the newest revision, if one failed after the deployed one. */
  newest?: number
  /** The stage before the upgrade, right after one. */
  stageBefore?: Stage
  /** True right after an upgrade or after pods became ready: endpoints may not have reached the proxy yet. */
  settling: boolean
  /** The workloads before the upgrade, right after one. */
  workloadsBefore?: AppWorkloads
  /**
   * If the routes name a single version with ready pods, the fingerprint alone attributes an answer. For the removal of
   * a version that gets no requests.
   */
  routesAreProof?: boolean
  /** Aborts the probing; by default the context's. */
  signal?: AbortSignal
}

/** Verifies stages for one command: the proxies' addresses are discovered once and kept until `close`. */
export class StageVerifier {
  private readonly proxies: Proxies
  private readonly alpha: number
  private readonly naming: VersionNaming

  /** @param planned all expectations that the command will verify: they share the bound on false alarms */
  constructor(
    private readonly context: OperationContext,
    planned: Expectation[],
    private readonly provider: RoutingProvider,
  ) {
    this.proxies = new Proxies(context, provider)
    this.naming = new VersionNaming(provider)
    // Shares 0 and 1 have no false alarms: one wrong answer is never chance there.
    const chancy = planned.filter(({ share }) => share > 0 && share < 1)
    this.alpha = (context.alpha ?? PLAN_FALSE_ALARM_RATE) / Math.max(1, chancy.length)
  }

  /** The shared address of all proxies, discovered on first use. */
  origin(): Promise<string> {
    return this.proxies.shared()
  }

  /**
   * The expectations with the paths to probe. Throws UsageError for settings that no traffic could meet and for
   * requests that the caller has to allow (with `metrics`, also to Prometheus): call it before anything is changed.
   */
  check(
    app: string,
    values: JsonObject,
    planned: Expectation[],
    { metrics = false }: { metrics?: boolean } = {},
  ): Expectation[] {
    const request = this.requestFor(app, values, metrics)
    const expectations = withPaths(planned, request.settings)
    this.context.verifier.check({
      ...request.probes,
      ...this.verificationSettings(request.settings),
      expectations,
    })
    return expectations
  }

  /**
   * Throws UsageError if nothing would tell the versions apart: neither the answers nor the proxies' counters. Call it before
   * anything is changed.
   */
  async requireVersions(app: ObjectRef, values: JsonObject, planned: Expectation[]): Promise<void> {
    const { settings } = this.requestFor(app.name, values, false)
    await this.naming.require(app, values, settings, planned)
  }

  /** How to probe the app of a revision and read its answers. */
  async probeRequest({
    app,
    namespace,
    revision,
    expectations,
    workloadsBefore,
    routesAreProof = false,
    metrics = false,
  }: Pick<
    StageToVerify,
    'app' | 'namespace' | 'revision' | 'expectations' | 'workloadsBefore' | 'routesAreProof'
  > & {
    /** Whether Prometheus is queried too: throws UsageError for one that the caller has to allow. */
    metrics?: boolean
  }): Promise<{
    probes: ProbeRequest
    settings: VerifySettings
  }> {
    const values = effectiveValues(revision.chart.values, revision.config)
    const { probes, settings } = this.requestFor(app, values, metrics)
    const proxies = await this.proxies.targets()
    const workloads = workloadsBefore ?? (await this.context.cluster.workloads(app, namespace))
    const { own, neighbours } = sorted(workloads, revision)
    // Probed one by one, proxies still need the Host of the shared address.
    const isShared = proxies.length === 1 && proxies[0]!.name === ''
    const host =
      this.context.probes.connection.host ??
      (await this.provider.host(values)) ??
      (isShared ? undefined : new URL(await this.origin()).host)
    const routed = routedVersions(expectations)
    const isReady = routed.every((version) => isAnyReady(own, version))
    // Other owners' pods that the app's selector matches answer as the app's versions.
    const isAlone = !neighbours.some(({ getsRequests }) => getsRequests)
    return {
      settings,
      probes: {
        ...probes,
        transport: { ...probes.transport, proxies, host },
        // Otherwise another version may answer than the one the proxy chose.
        versionHeaderIsProof: isAlone && (isReady || this.provider.description.versionHeaderIsProof(values)),
        soleVersion: routesAreProof && isAlone && isReady && routed.length === 1 ? routed[0] : undefined,
        fingerprint: this.provider.description.fingerprint(parseManifest(revision.manifest), values),
      },
    }
  }

  /** Probes against the expectations; resolves with the proof whatever its verdict. */
  async verify(stageToVerify: StageToVerify): Promise<StageProof> {
    const { context } = this
    const { emit } = context
    const { app, namespace, revision, stage, stageBefore, settling } = stageToVerify
    const { probes, settings } = await this.probeRequest(stageToVerify)
    const expectations = withPaths(stageToVerify.expectations, settings).map((expectation) => ({
      ...expectation,
      ...(stageBefore ? { shareBefore: shareIn(stageBefore, expectation) } : {}),
    }))
    const url = await this.origin()
    emit({ type: 'verifying', stage, url, expectations })
    const newest = stageToVerify.newest ?? revision.revision
    const watch = watchRevision(context, { app, namespace, revision, newest })
    const shadow = shadowOf(stage)
    const shadowCount = shadow && (await ShadowCount.open(this.provider, { name: app, namespace }, shadow))
    const signal = AbortSignal.any([stageToVerify.signal ?? context.signal, watch.signal])
    const request = { ...probes, ...this.verificationSettings(settings), expectations, settling }
    const progress = (checks: CheckProgress[]) => emit({ type: 'check-progress', checks })
    try {
      const reporter = {
        converged: (elapsedMs: number) => {
          shadowCount?.begin()
          emit({ type: 'converged', elapsedMs })
        },
        progress,
        check: (check: CheckResult) => emit({ type: 'check', check }),
      }
      const counters = await this.naming.counters(stageToVerify, probes, settings)
      const verifyOnce = (own: VerificationRequest, to: VerificationReporter) =>
        context.verifier.verify(own, to, signal)
      const counted =
        counters && !(await answersName(context.verifier, request, signal))
          ? await verifyByCounters(
              { counters, hasShadow: shadow !== undefined, clock: context.clock, verify: verifyOnce },
              request,
              reporter,
            )
          : await verifyOnce(request, reporter)
      const again = { converged: () => undefined, progress, check: () => undefined }
      const proof = shadowCount
        ? await withShadow(context.clock, counted, shadowCount, request.timeoutMs, () =>
            context.verifier.verify({ ...request, settling: false }, again, signal),
          )
        : counted
      if (proof.shadow) emit({ type: 'shadow-check', shadow: proof.shadow })
      const reported = { ...proof, url }
      if (proof.verdict === 'pass') {
        emit({ type: 'verified', stage, proof: reported })
        warnOfRetries(proof, this.provider.description.answers.attemptsHeader, emit)
      }
      return reported
    } finally {
      watch.close()
      await shadowCount?.close()
    }
  }

  /** The part that values and flags decide; proxies and the revision's objects are added later. */
  private requestFor(
    app: string,
    values: JsonObject,
    metrics: boolean,
  ): { probes: ProbeRequest; settings: VerifySettings } {
    const settings = verifySettings(this.context.probes, { app, values, metrics })
    const { connection, rate, userAgent } = this.context.probes
    const host = connection.host ?? this.provider.description.host(values)
    const { version, probe, assertions } = settings
    return {
      settings,
      probes: {
        app,
        transport: { ...connection, host, proxies: [] },
        probe,
        assertions,
        proxy: this.provider.description.answers,
        versionRule: version,
        versionHeader: this.provider.description.versionHeader(values),
        versionHeaderIsProof: false,
        rate,
        userAgent,
      },
    }
  }

  private verificationSettings({
    tolerance,
  }: VerifySettings): Pick<VerificationRequest, 'tolerance' | 'alpha' | 'settling' | 'timeoutMs'> {
    return { tolerance, alpha: this.alpha, settling: false, timeoutMs: this.context.probes.timeoutMs }
  }

  async close(): Promise<void> {
    await Promise.all([this.naming.close(), this.proxies.close()])
  }
}

/** A pass also needs the shadow check: probes again until enough copies are counted or the time is over. */
async function withShadow(
  clock: Clock,
  counted: StageProof,
  shadowCount: ShadowCount,
  timeoutMs: number,
  probeAgain: () => Promise<StageProof>,
): Promise<StageProof> {
  const started = clock.now()
  for (let proof = counted; ; proof = await probeAgain()) {
    if (proof.verdict !== 'pass') return proof
    const isLate = clock.now() - started > timeoutMs
    const shadow =
      (await shadowCount.check()) ?? (isLate ? shadowCount.unknown('is not clear in time') : undefined)
    if (shadow) return { ...counted, verdict: shadow.verdict, shadow }
  }
}

/** Errors that the proxy's retries hide appear in no count, here or in the metrics. */
function warnOfRetries({ checks }: StageProof, header: string, emit: OperationContext['emit']): void {
  const retried = checks.reduce((sum, check) => sum + (check.retried ?? 0), 0)
  if (retried === 0) return
  const answers = `${retried} ${retried === 1 ? 'answer' : 'answers'}`
  emit({
    type: 'warning',
    message: `The proxy got ${answers} only after a retry (${header}): its retries hide errors of the app.`,
  })
}

function withPaths(expectations: Expectation[], { paths }: VerifySettings): Expectation[] {
  return paths ? expectations.map((expectation) => ({ ...expectation, paths })) : expectations
}

/** The versions that the routes send probes to, each once. */
function routedVersions(expectations: Expectation[]): string[] {
  const routed = expectations.flatMap(({ primary, canary, share }) => [
    ...(share < 1 ? [primary] : []),
    ...(canary !== undefined && share > 0 ? [canary] : []),
  ])
  return [...new Set(routed)]
}

function isAnyReady(pods: VersionPods[], version: string): boolean {
  return pods.some((entry) => entry.version === version && entry.ready > 0)
}
