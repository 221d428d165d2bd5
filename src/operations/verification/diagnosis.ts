import type { Finding } from '../../model/results/doctor.js'
import type { Cause, ObjectRef, SnapshotRelease } from '../../model/results/diagnosis.js'
import type { StageProof } from '../../model/expectation.js'
import type { Revision } from '../../model/release.js'
import { effectiveValues, isObject } from '../../rollout/values/merge.js'
import type { Observed, RoutingProvider } from '../../routing/provider.js'
import { diagnose } from '../../verification/diagnosis/diagnose.js'
import type { OperationContext } from '../context.js'
import { providerOf } from '../observe/provider.js'
import { parseManifest } from '../observe/manifest.js'
import { overlapFindings } from '../overlaps/findings.js'

export interface ProofToExplain {
  app: string
  namespace: string
  /** The revision that was verified. */
  revision: Revision
  proof: StageProof
}

/**
 * Causes of a verification that did not pass, the likeliest first; none of one that passed. Takes a few seconds at
 * most; never throws.
 */
export async function causesOf(context: OperationContext, given: ProofToExplain): Promise<Cause[]> {
  const { app, namespace, revision, proof } = given
  if (proof.verdict === 'pass') return []
  context.emit({ type: 'note', message: 'looking for the cause' })
  try {
    const provider = providerOf(context, revision)
    const { snapshot, rules } = await observed(provider, { name: app, namespace }, revision)
    return diagnose(
      { name: app, namespace, proof, snapshot, texts: provider.texts, answers: provider.answers },
      rules,
    )
  } catch {
    return [] // the verdict holds without causes
  }
}

/** Certain faults between gateway and app, without any probe, as findings of `doctor`. */
export async function gatewayFindings(
  context: OperationContext,
  { app, namespace, revision }: Omit<ProofToExplain, 'proof'>,
): Promise<Finding[]> {
  const provider = providerOf(context, revision)
  const { snapshot, rules } = await observed(provider, { name: app, namespace }, revision)
  const check = `way to ${app}`
  const causes = diagnose(
    { name: app, namespace, snapshot, texts: provider.texts, answers: provider.answers },
    rules,
  )
  return [
    ...causes
      // The overlaps report it.
      .filter(({ id }) => id !== 'rival-table')
      .map((cause): Finding => ({
        check,
        status: 'problem',
        detail: [cause.title, ...cause.evidence].join('; '),
        remedy: cause.remedy.map((line) => line.replace(/[\r\n]+/g, ' ')).join('\n'),
      })),
    ...overlapFindings(check, snapshot.overlaps ?? []),
  ]
}

async function observed(provider: RoutingProvider, app: ObjectRef, revision: Revision): Promise<Observed> {
  const { snapshot, rules } = await provider.snapshot(app)
  return { snapshot: { ...snapshot, release: releaseOf(provider, revision) }, rules }
}

function releaseOf(
  provider: RoutingProvider,
  { revision, chart, config, manifest }: Revision,
): SnapshotRelease {
  const values = effectiveValues(chart.values, config)
  const routes = isObject(values.routes) ? values.routes : {}
  const canary = isObject(routes.canary) ? routes.canary : {}
  return {
    revision,
    headers: isObject(canary.headers) ? Object.keys(canary.headers) : [],
    fingerprint: provider.fingerprint(parseManifest(manifest), values)?.value,
  }
}
