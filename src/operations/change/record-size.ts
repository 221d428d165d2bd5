import { canaryCommand } from '../../model/command-line.js'
import type { ChartSource } from '../../cluster/ports/releases.js'
import { MAX_OBJECT_BYTES, recordBytes, unzippedBytes } from '../../cluster/helm/record-size.js'
import { UsageError } from '../../model/errors.js'
import type { Plan, Step } from '../../model/plan.js'
import type { Revision } from '../../model/release.js'
import type { JsonObject } from '../../model/values.js'
import type { OperationContext } from '../context.js'

/** Records below this stay within the limit whatever a step adds. */
const NEAR_BYTES = MAX_OBJECT_BYTES / 4
const MOST_FILES = 5

/** A revision about to be created. */
interface NextRevision {
  app: string
  namespace: string
  chart: ChartSource
  values: JsonObject
  /** The objects as rendered. */
  manifest: string
}

/**
 * Before the first step: throws UsageError if any step's record would be too large for Helm. Renders steps only if the
 * record is near the limit; routing back to the primary is never refused here.
 */
export async function requireRecordsFit(
  context: OperationContext,
  { plan, revision, chart }: { plan: Plan; revision?: Revision; chart?: ChartSource },
): Promise<void> {
  const { app, namespace, steps } = plan
  const source = chart ?? (revision && { record: revision.chart })
  if (!source || !steps.some((step) => isNear(step, source, revision))) return
  for (const step of steps) {
    if (step.name === 'route-back') return
    const { values } = step
    const manifest = await context.cluster.render({ app, namespace, chart: source, values })
    requireRecordFits({ app, namespace, chart: source, values, manifest }, 'Nothing was changed.')
  }
}

/** Throws UsageError if Kubernetes would reject Helm's record of a revision; `state` is the current state. */
export function requireRecordFits(next: NextRevision, state: string): void {
  const { app, namespace, values, manifest } = next
  const chart = recorded(next.chart)
  const bytes = recordBytes({ chart, values, manifest })
  if (bytes <= MAX_OBJECT_BYTES) return
  throw new UsageError(
    `Helm's record of the next revision of ${app} needs ${inKiB(bytes)} KiB; Kubernetes allows ${inKiB(MAX_OBJECT_BYTES)} KiB per Secret.`,
    {
      state,
      details: [
        `values: ${inKiB(JSON.stringify(values).length)} KiB (sizes before Helm zips them)`,
        `objects: ${inKiB(manifest.length)} KiB`,
        ...largestFiles(chart),
      ],
      nextSteps: [
        'take large texts out of the values: keep them in a ConfigMap or Secret of your own, and name that in app.volumes or app.envFrom',
        'take files that no template reads out of the chart (.helmignore), then: ' +
          canaryCommand(['upgrade', app, '--chart', 'CHART'], { app, namespace }),
      ],
      evidence: { bytes, limit: MAX_OBJECT_BYTES },
    },
  )
}

function isNear(step: Step, source: ChartSource, revision: Revision | undefined): boolean {
  const chart = recorded(source)
  const manifest = revision?.manifest ?? ''
  return unzippedBytes({ chart, values: step.values, manifest }) > NEAR_BYTES
}

function recorded(chart: ChartSource) {
  return 'record' in chart ? chart.record : undefined
}

function largestFiles(chart: ReturnType<typeof recorded>): string[] {
  return [...(chart?.files ?? []), ...(chart?.templates ?? [])]
    .sort((one, other) => other.data.length - one.data.length)
    .slice(0, MOST_FILES)
    .map(({ name, data }) => `chart file ${name}: ${inKiB(Buffer.byteLength(data, 'base64'))} KiB`)
}

function inKiB(bytes: number): string {
  return Math.ceil(bytes / 1024).toLocaleString('en')
}
