import { CanaryError, UsageError } from '../../model/errors.js'
import type { ObjectRef } from '../../model/results/diagnosis.js'
import type { Expectation } from '../../model/verify/expectation.js'
import type { JsonObject } from '../../model/values.js'
import type { VerifySettings } from '../../model/verify/verify-settings.js'
import { imageOf } from '../../rollout/plan/app-config.js'
import { effectiveValues, isObject } from '../../rollout/values/merge.js'
import type { RoutingDescription, RoutingProvider, VersionCounters } from '../../routing/provider.js'
import type { ProbeRequest } from '../../verification/probing/verifier.js'
import type { StageToVerify } from './verify-stage.js'

/** A version whose answers name no version, and the image that it runs. */
export interface UnnamedVersion {
  version: string
  image: string
  /** Whether answers of all the others do not either. */
  isEvery: boolean
}

/**
 * The first version whose answers name none: neither the gateway nor the default image does, and the values have no rule.
 * Undefined if all are named.
 */
export function unnamedVersion(
  provider: Pick<RoutingDescription, 'namesVersions'>,
  values: JsonObject,
  settings: Pick<VerifySettings, 'version'>,
  versions: string[],
): UnnamedVersion | undefined {
  if (settings.version || provider.namesVersions(values)) return undefined
  const images = versions.map((version) => imageOf(values, version)?.reference)
  const index = images.findIndex((image) => image !== undefined)
  if (index === -1) return undefined
  return { version: versions[index]!, image: images[index]!, isEvery: !images.includes(undefined) }
}

export function versionsOf(expectations: Expectation[]): string[] {
  return [...new Set(expectations.flatMap(({ primary, canary }) => [primary, ...(canary ? [canary] : [])]))]
}

/** Three ways to have answers name their version. */
export function waysToName(provider: Pick<RoutingDescription, 'versionSetting'>): string[] {
  return [
    'name a response header that has the version: verify.version.header in the values',
    'or a place in the body that has it: verify.version.json or verify.version.body; for one command --set-verify',
    `or have the gateway add the version, if it can: ${provider.versionSetting}`,
  ]
}

/** Why nothing in the answers tells versions apart, a clause. */
export function namesNothing({ version, image }: UnnamedVersion): string {
  return `${version} runs ${image}, the values have no verify.version, and the gateway adds no version header`
}

/** What tells the versions of an app apart: its answers, or else the proxies' counters. */
export class VersionNaming {
  /** Opened once for all stages. */
  private opened?: Promise<VersionCounters>

  constructor(private readonly provider: Pick<RoutingProvider, 'description' | 'versionCounters'>) {}

  /** Throws UsageError with the ways to name versions if nothing tells them apart. */
  async require(
    app: ObjectRef,
    values: JsonObject,
    settings: VerifySettings,
    planned: Expectation[],
  ): Promise<void> {
    const unnamed = unnamedVersion(this.provider.description, values, settings, versionsOf(planned))
    if (!unnamed) return
    const { routes } = values
    // The chart's default names the header: values without the chart's defaults may leave it out.
    const hasFingerprint = !isObject(routes) || routes.fingerprintHeader !== ''
    await this.open(app, unnamed, hasFingerprint)
  }

  /**
   * The proxies' counters, if the answers name no version and the routes alone do not tell which one answered. Undefined too if
   * they cannot be read: the answers are probed all the same, as their errors and routes are evidence.
   */
  async counters(
    {
      app: name,
      namespace,
      revision,
      expectations,
    }: Pick<StageToVerify, 'app' | 'namespace' | 'revision' | 'expectations'>,
    { soleVersion, fingerprint }: Pick<ProbeRequest, 'soleVersion' | 'fingerprint'>,
    settings: VerifySettings,
  ): Promise<VersionCounters | undefined> {
    if (soleVersion !== undefined) return undefined
    const values = effectiveValues(revision.chart.values, revision.config)
    const unnamed = unnamedVersion(this.provider.description, values, settings, versionsOf(expectations))
    if (!unnamed) return undefined
    try {
      return await this.open({ name, namespace }, unnamed, fingerprint !== undefined)
    } catch (error) {
      if (error instanceof CanaryError) return undefined
      throw error
    }
  }

  async close(): Promise<void> {
    await (await this.opened?.catch(() => undefined))?.close()
  }

  private async open(
    app: ObjectRef,
    unnamed: UnnamedVersion,
    hasFingerprint: boolean,
  ): Promise<VersionCounters> {
    const { description } = this.provider
    const refuse = (why: string, cause?: unknown) =>
      new UsageError(
        `No answer of ${app.name} would name the version that gave it: ${namesNothing(unnamed)}.`,
        {
          state: 'Nothing was changed.',
          details: [`the proxies' own counters, the last resort, cannot stand in: ${why}`],
          nextSteps: waysToName(description),
          cause,
        },
      )
    if (!unnamed.isEvery) throw refuse('other versions name themselves')
    if (!hasFingerprint) throw refuse('without routes.fingerprintHeader nothing shows which routes answered')
    try {
      this.opened ??= this.provider.versionCounters(app)
      return await this.opened
    } catch (error) {
      if (!(error instanceof CanaryError)) throw error
      throw refuse(error.message, error)
    }
  }
}
