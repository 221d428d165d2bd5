import type { Finding } from '../../cluster/port.js'
import type { Cause, Snapshot, SnapshotRelease } from '../../model/results/diagnosis.js'
import type { StageProof } from '../../model/expectation.js'
import type { Revision } from '../../model/release.js'
import { fingerprintOf } from '../../routing/gloo/fingerprint.js'
import { effectiveValues, isObject } from '../../rollout/values/merge.js'
import { diagnose } from '../../verification/diagnosis/diagnose.js'
import type { OperationContext } from '../context.js'
import { parseManifest } from '../observe/manifest.js'
import { overlapFindings } from '../overlaps/findings.js'

export interface ProofToExplain {
  app: string
  namespace: string
  /** The revision that the proof was about. */
  revision: Revision
  proof: StageProof
}

/**
 * The likeliest causes of a proof that did not pass, the likeliest first; none of one that did. Within a few seconds.
 * Never throws.
 */
export async function causesOf(context: OperationContext, given: ProofToExplain): Promise<Cause[]> {
  const { app, namespace, revision, proof } = given
  if (proof.verdict === 'pass') return []
  context.emit({ type: 'note', message: 'looking for the cause' })
  try {
    const snapshot = await context.cluster.snapshot(app, namespace)
    return diagnose({ name: app, namespace, proof, snapshot: withRelease(snapshot, revision) })
  } catch {
    return [] // the verdict stands without its causes
  }
}

/** What the surroundings alone prove to be wrong on the way to the app, as findings of `doctor`. */
export async function gatewayFindings(
  context: OperationContext,
  { app, namespace, revision }: Omit<ProofToExplain, 'proof'>,
): Promise<Finding[]> {
  const snapshot = await context.cluster.snapshot(app, namespace)
  const check = `way to ${app}`
  const causes = diagnose({ name: app, namespace, snapshot: withRelease(snapshot, revision) })
  return [
    ...causes
      // One of the overlaps, all of which follow.
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

function withRelease(snapshot: Snapshot, revision: Revision): Snapshot {
  return { ...snapshot, release: releaseOf(revision) }
}

function releaseOf({ revision, chart, config, manifest }: Revision): SnapshotRelease {
  const values = effectiveValues(chart.values, config)
  const routes = isObject(values.routes) ? values.routes : {}
  const canary = isObject(routes.canary) ? routes.canary : {}
  return {
    revision,
    ...(typeof routes.apiGroup === 'string' ? { apiGroup: routes.apiGroup } : {}),
    headers: isObject(canary.headers) ? Object.keys(canary.headers) : [],
    fingerprint: fingerprintOf(parseManifest(manifest), values)?.value,
  }
}
