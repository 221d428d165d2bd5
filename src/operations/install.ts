import { chartWords, commandText } from '../model/command-text.js'
import { canaryCommand } from '../model/command-line.js'
import type { OperationResult } from '../model/results/change.js'
import { UsageError } from '../model/errors.js'
import type { ObjectRef } from '../model/results/diagnosis.js'
import type { JsonObject } from '../model/values.js'
import { isObject, mergeValues } from '../rollout/values/merge.js'
import { routesBehind } from '../routing/select.js'
import { planInstall } from '../rollout/plan/install.js'
import { setValue } from '../rollout/values/set-values.js'
import type { AttachmentToMake } from '../routing/provider.js'
import { changedConfig } from '../rollout/plan/version-config.js'
import { changeApp } from './change/change.js'
import { chosenChart } from './inputs/chart-folder.js'
import type { AppRequest, OperationContext } from './context.js'
import type { Observation } from './observe/observe.js'
import { valuesWarner } from './observe/values-warnings.js'
import type { PlanToRun } from './change/run/plan-to-run.js'
import { requireKnownGateway } from './change/known-gateway.js'
import { withStrictAdmission } from './change/strict-admission.js'
import { readValuesFiles } from './inputs/values-files.js'

export interface InstallRequest extends AppRequest {
  version: string
  valuesFiles?: string[]
  /** `--set` and `--set-string` texts. */
  set?: string[]
  setString?: string[]
  /** The chart as the user named it; by default the bundled one. */
  chart?: string
  chartVersion?: string
  image?: string
  apiGroup?: string
  /** The Gateway that serves the app. */
  gateway?: ObjectRef
  /** Create the app's attachment to a gateway if it is missing. */
  attach?: boolean
}

/** absent → stable: namespace, release, pods and route, verified. */
export async function install(context: OperationContext, request: InstallRequest): Promise<OperationResult> {
  const { app, version } = request
  const command = commandText.install(request)
  const base = await baseValues(request)
  const warnOfValues = valuesWarner(context, version)
  // Asked only once: the plan is made again under the lock.
  let attachment: Promise<AttachmentToMake | undefined> | undefined
  const planFor = async ({ namespace = app, deployed }: Observation, prepare: PlanToRun['prepare']) => {
    const chart = deployed ? undefined : await chosenChart(context, request.chart, request.chartVersion)
    // The namespace defaults to the app's name; an existing release is found in any namespace.
    const plan = planInstall({ app, namespace, version, base, found: deployed?.config })
    warnOfValues(plan)
    const values = plan.steps[0]?.values
    if (values) attachment ??= attachmentToMake(context, request, { name: app, namespace }, values)
    const missing = await attachment
    return {
      plan,
      command,
      revision: deployed,
      chart,
      prepare: deployed ? undefined : prepare,
      creates: missing?.object,
      afterUpgrade: async () => {
        if (missing) context.emit({ type: 'note', message: await missing.create() })
      },
    }
  }
  return withStrictAdmission(context, context.routing.of(base, request.namespace ?? app), (held, prepare) =>
    changeApp(held, request, { command, plan: (found) => planFor(found, prepare) }),
  )
}

async function baseValues(request: InstallRequest): Promise<JsonObject> {
  let base = await readValuesFiles(request.valuesFiles ?? [])
  for (const text of request.set ?? []) base = setValue(base, text, false)
  for (const text of request.setString ?? []) base = setValue(base, text, true)
  if (request.apiGroup !== undefined) {
    base = { ...base, routes: { ...(isObject(base.routes) ? base.routes : {}), apiGroup: request.apiGroup } }
  }
  if (request.gateway !== undefined) {
    base = mergeValues(base, { routes: routesBehind(request.gateway) })
  }
  if (request.image !== undefined) {
    const deployment = isObject(base.deployment) ? base.deployment : {}
    const config = deployment[request.version]
    const changed = changedConfig(isObject(config) ? config : {}, { image: request.image })
    base = { ...base, deployment: { ...deployment, [request.version]: changed } }
  }
  return base
}

/** The install without what chooses a gateway. */
function plainCommand(request: InstallRequest, { name, namespace }: ObjectRef): string {
  const { version, image } = request
  const words = [...chartWords(request), ...(image === undefined ? [] : ['--image', image])]
  return canaryCommand(['install', name, version, ...words], { app: name, namespace })
}

/** Without an attachment no request reaches the app; canary creates one only after a yes. */
async function attachmentToMake(
  context: OperationContext,
  request: InstallRequest,
  app: ObjectRef,
  values: JsonObject,
): Promise<AttachmentToMake | undefined> {
  const { attach } = request
  const command = plainCommand(request, app)
  const provider = context.routing.of(values, app.namespace)
  await requireKnownGateway(context, provider, app.namespace, command)
  const view = await provider.view()
  const missing = view.missingAttachment(app, values, command)
  if (!missing) return undefined
  const { make } = missing
  if (make) {
    if (attach || context.dryRun) return make
    // Another attachment has all domains: report that instead of asking.
    if (make.isTaken && !context.allowOverlap) return make
    if (await context.confirm?.(`${missing.problem}. ${make.question}`)) return make
  }
  throw new UsageError(`${missing.problem}: no request would reach ${app.name}.`, {
    state: 'Nothing was changed.',
    details: missing.details,
    nextSteps: missing.nextSteps,
  })
}
