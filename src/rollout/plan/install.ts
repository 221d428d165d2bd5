import type { Stage } from '../../model/stage.js'
import type { Plan, Step } from '../../model/plan.js'
import { ConflictError } from '../../model/errors.js'
import { describeStage } from '../../model/describe-stage.js'
import { canaryCommand, commented } from '../../model/command-line.js'
import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../../model/values.js'
import { planOf } from './plan.js'
import { installValues } from '../values/install-values.js'
import { requireObjectName } from '../stage/version.js'
import { stageOf } from '../stage/stage.js'
import { lacksRoutes, withRoutesEnabled } from '../stage/stage-in-values.js'
import { expectationsOf } from '../stage/expectations.js'

interface InstallPlanRequest {
  app: string
  namespace: string
  version: string
  base: JsonObject
  found?: JsonObject
}

/**
 * absent → stable. `base` are the user's own values; their `deployment` and `routes.primary` may name only this
 * version. If the app is already stable on the version with the same values, there is nothing to do.
 */
export function planInstall(request: InstallPlanRequest): Plan {
  const { app, namespace, version, base, found } = request
  requireObjectName(app, version)
  const values = installValues(version, base)
  const to: Stage = { name: 'stable', primary: version }
  if (found && lacksRoutes(found)) return planRoutes(request, withRoutesEnabled(found, undefined), values)
  if (found) {
    const from = stageOf(found)
    if (from.name !== 'stable' || from.primary !== version) {
      throw new ConflictError(`${app} is already installed: ${describeStage(from)}.`, {
        state: 'Nothing was changed.',
        nextSteps: [
          commented(canaryCommand(['start', app, version], request), `deploys ${version} beside it`),
          canaryCommand(['status', app], request),
        ],
      })
    }
    if (Object.keys(base).length > 0 && !isDeepStrictEqual(values, found)) {
      throw new ConflictError(`${app} ${version} is already installed, with other values.`, {
        state: `Nothing was changed: ${describeStage(from)}.`,
        nextSteps: [commented(canaryCommand(['values', app], request), 'what is installed')],
        evidence: { installed: found, asked: values },
      })
    }
    return planOf({ app, namespace, config: found }, from, [])
  }
  const step = installStep(request, values, `install ${version}`)
  return { app, namespace, from: { name: 'absent' }, to, steps: [step], expectations: [] }
}

/**
 * The second half of an install whose first half left the routes out: `there` is what is installed, with its routes.
 */
function planRoutes(request: InstallPlanRequest, there: JsonObject, wanted: JsonObject): Plan {
  const { app, namespace, version, base, found } = request
  const to = stageOf(there)
  const isAsked = Object.keys(base).length === 0 || isDeepStrictEqual(there, wanted)
  if (to.name !== 'stable' || to.primary !== version || !isAsked) {
    throw new ConflictError(`${app} is already installed without its routes, with other values.`, {
      state: `Nothing was changed: with routes it would be ${describeStage(to)}.`,
      nextSteps: [
        commented(canaryCommand(['values', app], request), 'what is installed'),
        commented(canaryCommand(['uninstall', app], request), 'then install it again'),
      ],
    })
  }
  const step = installStep(request, there, `route requests to ${version}`)
  return { app, namespace, from: stageOf(found ?? {}), to, before: found, steps: [step], expectations: [] }
}

function installStep({ app, version }: InstallPlanRequest, values: JsonObject, title: string): Step {
  const to: Stage = { name: 'stable', primary: version }
  return {
    name: 'install',
    title,
    to,
    values,
    readyBefore: [],
    readyAfter: [version],
    goneAfter: [],
    expectations: expectationsOf(app, to),
  }
}
