import { commandText } from '../model/command-text.js'
import type { OperationResult } from '../model/results/change.js'
import { effectiveValues, isObject } from '../rollout/values/merge.js'
import { planStart } from '../rollout/plan/start.js'
import { type ConfigChanges, nextConfig } from '../rollout/plan/version-config.js'
import { changeApp } from './change/change.js'
import type { AppRequest, OperationContext } from './context.js'
import { requireReleased } from './observe/observe.js'
import { valuesWarner } from './observe/values-warnings.js'
import { readValuesFile } from './inputs/values-files.js'

const DEFAULT_HEADERS = { stage: 'canary' }

export interface StartRequest extends AppRequest {
  version: string
  /** Canary headers; by default `stage: canary`. */
  headers?: Record<string, string>
  deployOnly: boolean
  /** Percent of the requests that are shadowed to VERSION, 0..100. */
  shadow?: number
  image?: string
  /** `--set-version` texts. */
  setVersion?: string[]
  /** Path of `--version-values`. */
  versionValues?: string
}

/** stable, deployed → header: deploys the new version beside the primary, then routes canary requests to it. */
export async function start(context: OperationContext, request: StartRequest): Promise<OperationResult> {
  const {
    app,
    version,
    headers = DEFAULT_HEADERS,
    deployOnly,
    shadow,
    image,
    setVersion,
    versionValues,
  } = request
  const changes: ConfigChanges = {
    image,
    set: setVersion,
    values: versionValues === undefined ? undefined : await readValuesFile(versionValues),
  }
  const command = commandText.start(request)
  const warnOfValues = valuesWarner(context, version)
  return changeApp(context, request, {
    command,
    plan: async (found) => {
      const { namespace, deployed } = await requireReleased(context, found)
      const shared = effectiveValues(deployed.chart.values, deployed.config).app
      const plan = planStart(
        { app, namespace, config: deployed.config },
        {
          version,
          headers,
          deployOnly,
          shadow,
          configured: image !== undefined || (setVersion ?? []).length > 0 || versionValues !== undefined,
          config: (primary) =>
            nextConfig({ app, namespace }, version, primary, changes, isObject(shared) ? shared : {}),
        },
      )
      warnOfValues(plan, deployed.chart.values)
      return { plan, command, revision: deployed }
    },
  })
}
