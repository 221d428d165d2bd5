import { describeHeaders } from '../../model/describe-stage.js'
import type { Step } from '../../model/plan.js'
import type { JsonObject, StageValues, VersionConfig } from '../../model/values.js'
import { expectationsOf } from '../stage/expectations.js'
import { isObject } from '../values/merge.js'
import { stageOf, stageOfValues } from '../stage/stage.js'
import { withStage } from '../stage/stage-in-values.js'

/** A released app as a plan starts from it. */
export interface Found {
  app: string
  namespace: string
  /** The user's values of the deployed revision. */
  config: JsonObject
}

/** Adds a version's Deployment and nothing else; `announced` are the headers of the route to come. */
export function deployStep(
  found: Found,
  values: StageValues,
  version: string,
  announced: Record<string, string>,
): Step {
  const to = stageOfValues(values)
  return {
    name: 'deploy',
    title: `deploy ${version} beside ${values.primary}`,
    to,
    values: withStage(found.config, values),
    readyBefore: [],
    readyAfter: [version],
    goneAfter: [],
    expectations: expectationsOf(found.app, to, announced),
  }
}

/**
 * Shadows some of the requests to a deployed version; a percentage of 0 ends that. `announced` are the headers of the
 * route to come.
 */
export function shadowStep(
  found: Found,
  values: StageValues,
  { version, percentage }: { version: string; percentage: number },
  announced: Record<string, string>,
): Step {
  const shadowed: StageValues = {
    ...values,
    shadow: percentage > 0 ? { version, percentage } : undefined,
  }
  const to = stageOfValues(shadowed)
  return {
    name: 'shadow',
    title:
      percentage > 0
        ? `shadow ${percentage} % of the requests to ${version}`
        : `stop shadowing requests to ${version}`,
    to,
    values: withStage(found.config, shadowed),
    readyBefore: percentage > 0 ? [version] : [],
    readyAfter: [],
    goneAfter: [],
    expectations: expectationsOf(found.app, to, announced),
  }
}

/** Sends canary requests to a deployed version, which ends their shadowing. */
export function headerStep(
  found: Found,
  values: StageValues,
  version: string,
  headers: Record<string, string>,
): Step {
  const routed: StageValues = { ...values, canary: { version, weight: 0, headers }, shadow: undefined }
  const to = stageOfValues(routed)
  return {
    name: 'header',
    title: `send requests with ${describeHeaders(headers)} to ${version}`,
    to,
    values: withStage(found.config, routed),
    readyBefore: [version],
    readyAfter: [],
    goneAfter: [],
    expectations: expectationsOf(found.app, to),
  }
}

/** Sets a version's number of pods in its configuration, and changes nothing else. */
export function scaleStep(found: Found, version: string, config: VersionConfig, count: number): Step {
  const to = stageOf(found.config)
  const deployment = isObject(found.config.deployment) ? found.config.deployment : {}
  return {
    name: 'scale',
    title: `scale ${version} to ${count} pods`,
    to,
    values: { ...found.config, deployment: { ...deployment, [version]: config } },
    readyBefore: [],
    readyAfter: [version],
    leastReady: { version, count },
    goneAfter: [],
    expectations: expectationsOf(found.app, to),
  }
}

/** Sends a share of the regular requests to the canary; `readyBefore` names the version whose share grows. */
export function weightStep(found: Found, values: StageValues, weight: number, readyBefore: string[]): Step {
  const { canary } = values
  if (!canary) throw new Error('a weight needs a canary')
  const shifted: StageValues = { ...values, canary: { ...canary, weight } }
  const to = stageOfValues(shifted)
  return {
    name: 'weight',
    title: `send ${weight} % of the regular requests to ${canary.version}`,
    to,
    values: withStage(found.config, shifted),
    readyBefore,
    readyAfter: [],
    goneAfter: [],
    expectations: expectationsOf(found.app, to),
  }
}

/** Leaves one version, the primary; `removed` no longer gets requests. */
export function removeStep(
  found: Found,
  values: StageValues,
  kept: string,
  removed: string,
  names: Pick<Step, 'name' | 'title'>,
  announced: Record<string, string> = {},
): Step {
  const { [removed]: _removed, ...deployment } = values.deployment
  const stable: StageValues = { deployment, primary: kept }
  const to = stageOfValues(stable)
  return {
    ...names,
    to,
    values: withStage(found.config, stable),
    readyBefore: [],
    readyAfter: [],
    goneAfter: [removed],
    expectations: expectationsOf(found.app, to, announced),
  }
}
