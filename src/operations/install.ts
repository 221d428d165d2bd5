import { ExternalError, UsageError } from '../model/errors.js'
import type { JsonObject } from '../model/values.js'
import { isObject } from '../rollout/values/merge.js'
import { planInstall } from '../rollout/plan/plan.js'
import { hasOwnVirtualService } from '../rollout/values/probe-paths.js'
import { setValue } from '../rollout/values/set-values.js'
import { addedDomainConflicts } from '../routing/gloo/overlaps/domains.js'
import { domainsOf } from '../routing/gloo/objects.js'
import { describeDelegations, selectsApiGroup } from '../routing/gloo/selection.js'
import { sharedVirtualService } from '../routing/gloo/shared-virtual-service.js'
import { changedConfig } from '../rollout/plan/version-config.js'
import { changeRelease } from './change/change.js'
import { chosenChart } from './inputs/chart-folder.js'
import type { AppRequest, OperationContext, OperationResult } from './context.js'
import type { Observation } from './observe/observe.js'
import { valuesWarner } from './observe/values-warnings.js'
import type { PlanToRun } from './change/run-plan.js'
import { withStrictAdmission } from './change/strict-admission.js'
import { readValuesFiles } from './inputs/values-files.js'

export interface InstallRequest extends AppRequest {
  version: string
  valuesFiles?: string[]
  /** `--set` and `--set-string` texts. */
  set?: string[]
  setString?: string[]
  /** As users name a chart; the bundled one by default. */
  chart?: string
  chartVersion?: string
  image?: string
  apiGroup?: string
  withVirtualService?: boolean
}

/** absent → stable: namespace, release, pods, route, proven. */
export async function install(context: OperationContext, request: InstallRequest): Promise<OperationResult> {
  const { app, version } = request
  const command = `install ${app} ${version}`
  const base = await baseValues(request)
  const warnOfValues = valuesWarner(context, version)
  // Asked once, though the plan is made again under the lock.
  let virtualService: Promise<boolean> | undefined
  const planFor = async ({ namespace = app, deployed }: Observation, prepare: PlanToRun['prepare']) => {
    const chart = deployed ? undefined : await chosenChart(context, request.chart, request.chartVersion)
    // Without a namespace the app's own name is meant, but a release that is there already is found wherever it is.
    const plan = planInstall({ app, namespace, version, base, found: deployed?.config })
    warnOfValues(plan)
    const values = plan.steps[0]?.values
    const apiGroup = values && !hasOwnVirtualService(values) ? apiGroupOf(values) : undefined
    if (apiGroup !== undefined) virtualService ??= needsVirtualService(context, request, namespace, apiGroup)
    const createsVirtualService = (await virtualService) ?? false
    return {
      plan,
      command,
      revision: deployed,
      chart,
      prepare: deployed ? undefined : prepare,
      creates: createsVirtualService && apiGroup !== undefined ? sharedVirtualService(apiGroup) : undefined,
      afterUpgrade: async () => {
        if (!createsVirtualService || apiGroup === undefined) return
        await context.cluster.createVirtualService(apiGroup)
        context.emit({
          type: 'note',
          message: `created VirtualService app in gloo-system: it delegates to every RouteTable of apiGroup ${apiGroup}`,
        })
      },
    }
  }
  return withStrictAdmission(context, (held, prepare) =>
    changeRelease(held, request, { command }, (found) => planFor(found, prepare)),
  )
}

async function baseValues(request: InstallRequest): Promise<JsonObject> {
  let base = await readValuesFiles(request.valuesFiles ?? [])
  for (const text of request.set ?? []) base = setValue(base, text, false)
  for (const text of request.setString ?? []) base = setValue(base, text, true)
  if (request.apiGroup !== undefined) {
    base = { ...base, routes: { ...(isObject(base.routes) ? base.routes : {}), apiGroup: request.apiGroup } }
  }
  if (request.image !== undefined) {
    const deployment = isObject(base.deployment) ? base.deployment : {}
    const config = deployment[request.version]
    const changed = changedConfig(isObject(config) ? config : {}, { image: request.image })
    base = { ...base, deployment: { ...deployment, [request.version]: changed } }
  }
  return base
}

/** Without a VirtualService that selects the app's routes nobody would reach it: made only when somebody says so. */
async function needsVirtualService(
  context: OperationContext,
  request: InstallRequest,
  namespace: string,
  apiGroup: string,
): Promise<boolean> {
  let virtualServices
  try {
    ;({ virtualServices } = await context.cluster.gateway())
  } catch (error) {
    if (!(error instanceof ExternalError) || error.code !== 403) throw error
    context.emit({
      type: 'warning',
      message: 'VirtualServices may not be listed: whether one selects the app will show in its proof',
    })
    return false
  }
  const labels = { apiGroup }
  if (virtualServices.some((one) => selectsApiGroup(one, labels, namespace))) return false
  if (request.withVirtualService || context.dryRun) return true
  // Another one has all domains: that comes before a question, which nobody could answer with yes.
  const isTaken =
    addedDomainConflicts(virtualServices, [...virtualServices, sharedVirtualService(apiGroup)]).length > 0
  if (isTaken && !context.allowOverlap) return true
  const question = `No VirtualService selects routes of apiGroup ${apiGroup}. Create one (app in gloo-system, for all domains)?`
  if (await context.confirm?.(question)) return true
  throw new UsageError(
    `No VirtualService selects routes of apiGroup ${apiGroup}: no request would reach ${request.app}.`,
    {
      state: 'Nothing was changed.',
      details: virtualServices.map(
        (one) =>
          `VirtualService ${one.metadata.namespace}/${one.metadata.name} (domains ${domainsOf(one).join(', ')}) ${describeDelegations(one)}`,
      ),
      nextSteps: [
        `canary install ${request.app} ${request.version} --with-virtual-service    (creates VirtualService app in gloo-system)`,
        'or name the apiGroup that one selects with --api-group',
      ],
    },
  )
}

function apiGroupOf(values: JsonObject): string {
  const group = isObject(values.routes) ? values.routes.apiGroup : undefined
  return typeof group === 'string' ? group : ''
}
