import { commandText } from '../model/command-text.js'
import { canaryCommand, commented, helmCommand } from '../model/command-line.js'
import type { OperationResult } from '../model/results/change.js'
import type { ChartSource, Releases } from '../cluster/ports/releases.js'
import { isDeepStrictEqual } from 'node:util'
import type { ObjectRef } from '../model/results/diagnosis.js'
import { roleOf } from '../model/routing.js'
import type { RoutingProvider } from '../routing/provider.js'
import { providerOf, providerOfPlan } from './observe/provider.js'
import { describeStage } from '../model/describe-stage.js'
import { CanaryError, UsageError } from '../model/errors.js'
import { keepsContract, type ReleaseChart, type Revision } from '../model/release.js'
import { upgradeLines } from '../model/results/upgrade-changes.js'
import type { JsonObject } from '../model/values.js'
import { changeLine, diffValues } from '../model/values-diff.js'
import { planUpgrade, requireStable } from '../rollout/plan/upgrade.js'
import { upgradeValues, withOwned } from '../rollout/values/upgrade-values.js'
import { changeApp } from './change/change.js'
import { chosenChart, isChartOfRecord } from './inputs/chart-folder.js'
import type { AppRequest, OperationContext } from './context.js'
import { parseManifest } from './observe/manifest.js'
import { keepPods } from './change/run/keep-pods.js'
import { type ReleasedApp, requireReleased } from './observe/observe.js'
import { renderUnchanged } from './change/rehearsal.js'
import type { PlanToRun } from './change/run/plan-to-run.js'
import { readValuesFiles } from './inputs/values-files.js'

export interface UpgradeRequest extends AppRequest {
  /** Files whose values replace all values that no step owns. */
  valuesFiles?: string[]
  /** `--set` and `--set-string` texts, over the files if there are any, else over the deployed values. */
  set?: string[]
  setString?: string[]
  /** The chart as the user named it, or `bundled`; by default the one in the release's record. */
  chart?: string
  chartVersion?: string
  /** Use chart and base values of this earlier revision instead. */
  revision?: number
}

/** Chart and values to apply, and how the chart differs from the deployed one. */
interface Wanted {
  values: JsonObject
  source?: ChartSource
  chart: { before: string; after: string; isOther: boolean }
}

/** stable → stable: another chart, other base values, or those of an earlier revision. Asks for confirmation on a terminal. */
export async function upgrade(context: OperationContext, request: UpgradeRequest): Promise<OperationResult> {
  const { app } = request
  const command = commandText.upgrade(request)
  const base = request.valuesFiles?.length ? await readValuesFiles(request.valuesFiles) : undefined
  let shown = ''
  const agree = async ({ plan }: PlanToRun) => {
    const question = `Upgrade ${app}${plan.steps[0]?.changes?.restarts.length ? ', replacing its pods' : ''}?`
    if (!context.confirm || (await context.confirm(question))) return
    throw new CanaryError('interrupted', 'Cancelled.', {
      state: `Nothing was changed: ${app} is ${describeStage(plan.from)}.`,
      nextSteps: [commented(`${context.again} --yes`, 'without the question')],
    })
  }
  return changeApp(context, request, {
    command,
    agree,
    plan: async (observed) => {
      const released = await requireReleased(context, observed)
      const { namespace, deployed } = released
      const found = { app, namespace, config: deployed.config }
      requireStable(found)
      const { values: wanted, source, chart } = await wantedOf(context, request, released, base)
      const renderObjects = (values: JsonObject) =>
        renderUnchanged(context, { app, namespace, chart: source ?? { record: deployed.chart }, values })
      const before = parseManifest(deployed.manifest)
      const { values, after, scaling } = await keepPods(context, released, {
        values: wanted,
        objects: { before, after: await renderObjects(wanted) },
        render: renderObjects,
        // A return to an earlier revision is not refused for replica counts.
        byDefault: request.revision === undefined ? 'check' : 'auto',
      })
      const objects = { before, after }
      const plan = planUpgrade(found, { values, chart, objects, scaling })
      const changes = plan.steps[0]?.changes
      if (changes) {
        const provider = providerOfPlan(context, { plan, revision: deployed, chart: source })
        requireProviderAsDeployed(
          app,
          providerOf(context, deployed).description.name,
          provider.description.name,
        )
        await requireAttached(provider, { name: app, namespace }, objects)
      }
      const lines = changes
        ? [...diffValues(found.config, values).map(changeLine), ...upgradeLines(changes)]
        : []
      if (!context.dryRun && lines.length > 0 && lines.join('\n') !== shown) {
        shown = lines.join('\n')
        context.emit({
          type: 'note',
          message: `${app}, revision ${deployed.revision}: what the upgrade changes`,
        })
        for (const line of lines) context.emit({ type: 'note', message: `  ${line}` })
      }
      return {
        plan,
        command,
        revision: deployed,
        chart: source,
        // Helm 4 finds that an autoscaler owns spec.replicas.
        takeOver: scaling && 'replicas' in scaling.after,
        // A return to an earlier revision does not wait for a broken stage to verify; values that change no object may be
        // what the verification lacks.
        verifyFirst: request.revision === undefined && (changes?.objects.length ?? 0) > 0,
        revertCommand:
          request.revision === undefined
            ? canaryCommand(['upgrade', app, '--revision', deployed.revision], { app, namespace })
            : undefined,
      }
    },
  })
}

async function wantedOf(
  context: OperationContext,
  request: UpgradeRequest,
  { app, namespace, deployed }: ReleasedApp,
  base: JsonObject | undefined,
): Promise<Wanted> {
  const before = nameOfChart(deployed.chart)
  if (request.revision !== undefined) {
    const earlier = await findEarlier(context, app, namespace, request.revision)
    const after = nameOfChart(earlier.chart)
    // The same chart gives the same record, whoever wrote it.
    const isOther = JSON.stringify(earlier.chart) !== JSON.stringify(deployed.chart)
    return {
      values: withOwned(earlier.config, deployed.config),
      source: isOther ? { record: earlier.chart } : undefined,
      chart: { before, after, isOther },
    }
  }
  const { valuesFiles = [], set = [], setString = [] } = request
  const values = upgradeValues({ app, namespace }, deployed.config, {
    base,
    baseName: valuesFiles.join(', '),
    set,
    setString,
  })
  if (request.chart === undefined) return { values, chart: { before, after: before, isOther: false } }
  const folder = await chosenChart(context, request.chart, request.chartVersion)
  const isOther = !(await isChartOfRecord(folder.path, deployed.chart))
  const source = isOther ? { path: folder.path } : undefined
  return { values, source, chart: { before, after: folder.name, isOther } }
}

function nameOfChart({ metadata: { name, version } }: ReleaseChart): string {
  return `${name} ${version}`
}

/** An earlier revision that was deployed once. Throws UsageError if there is no such revision. */
async function findEarlier(
  { cluster }: { cluster: Releases },
  app: string,
  namespace: string,
  number: number,
): Promise<Revision> {
  const found = await cluster.findRevision(app, namespace, number)
  const nextSteps = [commented(helmCommand(['history', app], namespace), 'the revisions there are')]
  if (!found) {
    throw new UsageError(`Release ${app} has no revision ${number}; it may have been pruned.`, {
      state: 'Nothing was changed.',
      nextSteps,
    })
  }
  if (!['deployed', 'superseded'].includes(found.status) || !keepsContract(found.chart.metadata)) {
    throw new UsageError(
      `Revision ${number} of ${app} is ${found.status}, of chart ${nameOfChart(found.chart)}: it cannot be returned to.`,
      { state: 'Nothing was changed.', nextSteps },
    )
  }
  return found
}

/** Throws UsageError if the app would move to another kind of routes: its users are still at the old gateway then. */
function requireProviderAsDeployed(app: string, deployed: string, wanted: string): void {
  if (wanted === deployed) return
  throw new UsageError(
    `routes.provider would change from ${deployed} to ${wanted}: the old gateway would answer ${app}'s users 404 at once.`,
    {
      state: 'Nothing was changed.',
      nextSteps: [
        `set routes.provider to ${deployed}, or install another app beside ${app} at the new gateway and move its address`,
      ],
    },
  )
}

/** Throws UsageError if the upgrade would leave the routes without a gateway that sends them requests. */
async function requireAttached(
  provider: RoutingProvider,
  app: ObjectRef,
  { before, after }: { before: JsonObject[]; after: JsonObject[] },
): Promise<void> {
  const routes = (objects: JsonObject[]) =>
    objects.filter((one) => roleOf(provider.description.kinds, one) === 'route')
  if (isDeepStrictEqual(routes(before), routes(after))) return
  const detached = (await provider.view()).detached(app, before, after)
  if (!detached) return
  throw new UsageError(`${detached.problem}.`, {
    state: 'Nothing was changed.',
    nextSteps: [detached.remedy],
  })
}
