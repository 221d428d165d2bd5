import type { Finding } from '../../model/results/doctor.js'
import type { Cause, ObjectRef, SnapshotRelease } from '../../model/results/diagnosis.js'
import type { StageProof } from '../../model/verify/expectation.js'
import type { Revision } from '../../model/release.js'
import { effectiveValues, isObject } from '../../rollout/values/merge.js'
import type { RoutingProvider } from '../../routing/provider.js'
import { diagnose, type ProviderRules } from '../../verification/diagnosis/diagnose.js'
import type { Facts } from '../../verification/diagnosis/facts.js'
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
    const { facts, rules } = await observed(provider, { name: app, namespace }, revision)
    return diagnose({ ...facts, proof }, rules)
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
  const { facts, rules } = await observed(provider, { name: app, namespace }, revision)
  const check = `way to ${app}`
  return [
    ...diagnose(facts, rules)
      // The overlaps report it.
      .filter(({ id }) => id !== rules.rival)
      .map((cause): Finding => ({
        check,
        status: 'problem',
        detail: [cause.title, ...cause.evidence].join('; '),
        remedy: cause.remedy.map((line) => line.replace(/[\r\n]+/g, ' ')).join('\n'),
      })),
    ...overlapFindings(check, facts.snapshot.overlaps ?? []),
  ]
}

/** What a diagnosis starts from, without a proof. */
async function observed(
  provider: RoutingProvider,
  app: ObjectRef,
  revision: Revision,
): Promise<{ facts: Facts & Required<Pick<Facts, 'snapshot'>>; rules: ProviderRules }> {
  const { texts, answers } = provider.description
  const { snapshot, rules } = await provider.snapshot(app)
  const release = releaseOf(provider, revision)
  return { facts: { ...app, snapshot: { ...snapshot, release }, texts, answers }, rules }
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
    fingerprint: provider.description.fingerprint(parseManifest(manifest), values)?.value,
  }
}
