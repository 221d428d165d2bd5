import { commandText } from '../model/command-text.js'
import { canaryCommand, commented, helmCommand } from '../model/command-line.js'
import type { OperationResult } from '../model/results/change.js'
import { describeStage } from '../model/describe-stage.js'
import { CanaryError, ConflictError } from '../model/errors.js'
import type { Plan } from '../model/plan.js'
import { upgradeLines } from '../model/results/upgrade-changes.js'
import type { JsonObject } from '../model/values.js'
import { expectationsOf } from '../rollout/stage/expectations.js'
import { mapOf } from '../rollout/values/json-fields.js'
import { effectiveValues } from '../rollout/values/merge.js'
import { planImport, requireImportable } from '../rollout/import/plan-import.js'
import { fromObjects, fromSeed } from '../rollout/import/seed-layouts.js'
import { handMadeRoutes } from '../routing/select.js'
import { bundledChart } from './inputs/bundled-chart.js'
import { changeApp } from './change/change.js'
import { readChartFolder } from './inputs/chart-folder.js'
import type { AppRequest, OperationContext } from './context.js'
import { parseManifest } from './observe/manifest.js'
import { isImported, type ReleasedApp, requireReleased, requireThere } from './observe/observe.js'
import type { PlanToRun } from './change/run/plan-to-run.js'

/**
 * Takes over a release made by hand with one of the seed's charts, whatever the chart's name and the stage: the same
 * stage and pods under the bundled chart, verified. Nothing to do if the release has that chart already. Asks for
 * confirmation on a terminal. Throws ConflictError if pods would be replaced.
 */
export async function importApp(context: OperationContext, request: AppRequest): Promise<OperationResult> {
  const { app } = request
  const command = commandText.import(request)
  const reported = new Set<string>()
  const agree = async ({ plan }: PlanToRun) => {
    if (plan.steps.length === 0) return
    if (!context.confirm || (await context.confirm(`Import ${app}? No pod restarts.`))) return
    throw new CanaryError('interrupted', 'Cancelled.', {
      state: `Nothing was changed: ${app} is ${describeStage(plan.to)}.`,
      nextSteps: [commented(`${context.again} --yes`, 'without the question')],
    })
  }
  return changeApp(context, request, {
    command,
    agree,
    anyChart: true,
    plan: async (found) => {
      const { namespace, deployed } = await requireThere(context, found)
      if (isImported(deployed)) {
        return { plan: verifiedAlone(await requireReleased(context, found)), command, revision: deployed }
      }
      const { config } = deployed
      const objects = parseManifest(deployed.manifest).map((object) => placed(object, namespace))
      const effective = effectiveValues(deployed.chart.values, config)
      const release = { app, effective, objects }
      const read = handMadeRoutes(app, namespace, objects)
      const seed = read ? fromObjects(release, read) : fromSeed(release)
      if (!seed) throw unknownLayout(app, namespace, effective)
      requireImportable({ app, namespace }, seed)
      const chart = { path: bundledChart() }
      const rendered = await context.cluster.render({ app, namespace, chart, values: seed.values })
      const { name, version } = deployed.chart.metadata
      const plan = planImport(
        { app, namespace, config },
        {
          seed,
          chart: { before: `${name} ${version}`, after: (await readChartFolder(chart.path)).name },
          objects: { before: objects, after: parseManifest(rendered) },
        },
      )
      const changes = plan.steps[0]?.changes
      const lines = [
        seed.layout === 'objects'
          ? 'versions and stage as in its objects'
          : `values as in ${seed.layout} of the series`,
        ...seed.notes,
        // A dry run prints them with its plan.
        ...(changes && !context.dryRun ? upgradeLines(changes) : []),
      ]
      const title = `${app}, revision ${deployed.revision}: what the import changes`
      if (!reported.has(lines.join('\n'))) {
        reported.add(lines.join('\n'))
        for (const message of [title, ...lines.map((line) => `  ${line}`)]) {
          context.emit({ type: 'note', message })
        }
      }
      return {
        plan,
        command,
        revision: deployed,
        chart,
        revertCommand: helmCommand(['rollback', app, deployed.revision], namespace),
      }
    },
  })
}

/** A chart may leave the namespace to Helm; the bundled one writes it. */
function placed(object: JsonObject, namespace: string): JsonObject {
  return { ...object, metadata: { namespace, ...mapOf(object.metadata) } }
}

function verifiedAlone({ app, namespace, stage, deployed }: ReleasedApp): Plan {
  const expectations = expectationsOf(app, stage)
  return { app, namespace, from: stage, to: stage, before: deployed.config, steps: [], expectations }
}

function unknownLayout(app: string, namespace: string, effective: JsonObject): ConflictError {
  const keys = Object.keys(effective)
  return new ConflictError(`The values of ${app} match no layout that canary knows.`, {
    state: 'Nothing was changed.',
    details: [
      `it has ${keys.length > 0 ? keys.join(', ') : 'no values'}`,
      'part 3 of the series has deployment and routes.primary, part 4 has deployment and routing',
    ],
    nextSteps: [
      commented(helmCommand(['get', 'values', app, '--all'], namespace), 'what they are'),
      commented(
        canaryCommand(['init', app, '--from', 'deployment/NAME'], { app, namespace }),
        'values for a release of its own beside it',
      ),
    ],
  })
}
