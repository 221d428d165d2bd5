import { isDeepStrictEqual } from 'node:util'
import { canaryCommand, commented } from '../../model/command-line.js'
import { describeHeaders, describeStage } from '../../model/describe-stage.js'
import { ConflictError } from '../../model/errors.js'
import type { Plan, Step } from '../../model/plan.js'
import type { CanaryStage, Stage } from '../../model/stage.js'
import type { JsonObject, StageValues, VersionConfig } from '../../model/values.js'
import { expectationsOf } from '../stage/expectations.js'
import { installValues } from '../values/install-values.js'
import { hasCanary, stageOf, stageOfValues, weightOf } from '../stage/stage.js'
import { deployStep, type Found, headerStep, removeStep, shadowStep, weightStep } from './steps.js'
import { lacksRoutes, readStageValues, withRoutesEnabled, withStage } from '../stage/stage-in-values.js'
import { requireObjectName } from '../stage/version.js'

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

export interface StartRequest {
  version: string
  headers: Record<string, string>
  deployOnly: boolean
  /** Percent of the requests to shadow to the new version, 0..100; undefined leaves it unchanged. */
  shadow?: number
  /**
   * The wanted configuration; undefined keeps the deployed one. Called with the primary's, which a new version starts
   * from.
   */
  config: (primary: { version: string; config: VersionConfig }) => VersionConfig
  /** Whether the user asked for a change of the configuration. */
  configured: boolean
}

/** stable, deployed → header (or deployed): deploy beside the primary, then add the header route. */
export function planStart(found: Found, request: StartRequest): Plan {
  const { app } = found
  const { version, headers, deployOnly, shadow } = request
  const { stage, values } = read(found)
  requireObjectName(app, version, Object.keys(values.deployment))
  if (version === values.primary) {
    throw conflict(found, stage, `${version} is already the primary of ${app}`, [
      commented(canaryCommand(['start', app, 'VERSION'], found), `with another version than ${version}`),
    ])
  }
  const wantedConfig = () =>
    request.config({ version: values.primary, config: values.deployment[values.primary] ?? {} })
  const steps: Step[] = []
  let deployed: StageValues
  if (stage.name === 'stable') {
    deployed = { ...values, deployment: { ...values.deployment, [version]: wantedConfig() } }
    steps.push(deployStep(found, deployed, version, headers))
  } else {
    requireSameCanary(found, stage, version)
    const there = values.deployment[version]
    if (request.configured && !isDeepStrictEqual(wantedConfig(), there)) {
      throw conflict(found, stage, `${version} is already deployed, with another configuration`, [
        commented(canaryCommand(['abort', app], found), 'removes it; then start again'),
        commented(canaryCommand(['start', app, version], found), 'continues with the deployed configuration'),
      ])
    }
    deployed = { ...values, canary: undefined }
  }
  if (
    !hasCanary(stage) &&
    deployOnly &&
    shadow !== undefined &&
    shadow !== (deployed.shadow?.percentage ?? 0)
  )
    steps.push(shadowStep(found, deployed, { version, percentage: shadow }, headers))
  if (hasCanary(stage)) {
    if (stage.name !== 'header' || deployOnly) {
      throw conflict(
        found,
        stage,
        `The rollout of ${version} is already past start`,
        canaryCommands(found, stage),
      )
    }
    if (!isDeepStrictEqual(stage.headers, headers)) {
      throw conflict(
        found,
        stage,
        `The canary headers are ${describeHeaders(stage.headers)}, not ${describeHeaders(headers)}`,
        [commented(canaryCommand(['abort', app], found), 'then start again')],
      )
    }
  } else if (!deployOnly) {
    steps.push(headerStep(found, deployed, version, headers))
  }
  return planOf(found, stage, steps, headers)
}

/** header, weighted, shifted → the same with another weight, in one step. */
export function planShift(found: Found, weight: number): Plan {
  const { stage, values } = read(found)
  const { app } = found
  const { canary, primary } = values
  if (!hasCanary(stage) || !canary) {
    throw conflict(found, stage, `${app} has no canary route to shift`, [
      canaryCommand(['start', app, stage.name === 'deployed' ? stage.canary : 'VERSION'], found),
    ])
  }
  if (weightOf(stage) === weight) return planOf(found, stage, [])
  const rises = weight > weightOf(stage)
  return planOf(found, stage, [weightStep(found, values, weight, [rises ? canary.version : primary])])
}

/** weighted, shifted (from header only with `jump`) → stable on the canary: weight 100, then decommission. */
export function planFinish(found: Found, request: { version?: string; jump: boolean }): Plan {
  const { stage, values } = read(found)
  const { app } = found
  const { version, jump } = request
  if (stage.name === 'stable') {
    if (version === undefined || version === stage.primary) return planOf(found, stage, [])
    throw conflict(found, stage, `${app} is stable on ${stage.primary}, not on ${version}`, [
      canaryCommand(['start', app, version], found),
    ])
  }
  const { canary } = values
  if (!hasCanary(stage) || !canary) {
    const version = stage.name === 'deployed' ? stage.canary : 'VERSION'
    throw conflict(found, stage, `${app} has no canary route yet`, [
      canaryCommand(['start', app, version], found),
    ])
  }
  if (version !== undefined && version !== canary.version) {
    throw conflict(found, stage, `The canary of ${app} is ${canary.version}, not ${version}`, [
      canaryCommand(['finish', app, canary.version], found),
      canaryCommand(['abort', app], found),
    ])
  }
  if (stage.name === 'header' && !jump) {
    throw conflict(found, stage, `${canary.version} has served no regular request yet`, [
      canaryCommand(['shift', app, '10'], found),
      commented(canaryCommand(['finish', app, canary.version, '--jump'], found), 'straight to 100 %'),
    ])
  }
  const steps: Step[] = []
  if (stage.name !== 'shifted') steps.push(weightStep(found, values, 100, [canary.version]))
  steps.push(
    removeStep(found, values, canary.version, values.primary, {
      name: 'decommission',
      title: `make ${canary.version} the primary and remove ${values.primary}`,
    }),
  )
  return planOf(found, stage, steps)
}

/**
 * deployed … shifted → stable on the primary: route back, then remove the canary. On a stable app there is nothing to
 * abort; `finished` is the rollout that ended there, if one did.
 */
export function planAbort(found: Found, finished?: { from: string; to: string }): Plan {
  const { stage, values } = read(found)
  const { app } = found
  if (stage.name === 'stable') {
    if (!finished) return planOf(found, stage, [])
    throw conflict(found, stage, `The rollout of ${finished.to} is finished: nothing to abort`, [
      commented(
        canaryCommand(['undo', app, finished.from], found),
        `brings ${finished.from} back as a canary`,
      ),
    ])
  }
  const steps: Step[] = []
  const headers = hasCanary(stage) ? stage.headers : {}
  const removed = 'canary' in stage ? stage.canary : undefined
  if (removed === undefined) throw new Error(`nothing to abort in stage ${stage.name}`)
  const back: StageValues = { ...values, canary: undefined, shadow: undefined }
  if (hasCanary(stage) || values.shadow) {
    const to = stageOfValues(back)
    steps.push({
      name: 'route-back',
      title: hasCanary(stage)
        ? `send all requests back to ${values.primary}`
        : `stop shadowing requests to ${removed}`,
      to,
      values: withStage(found.config, back),
      readyBefore: [values.primary],
      readyAfter: [],
      goneAfter: [],
      expectations: expectationsOf(app, to, headers),
    })
  }
  steps.push(
    removeStep(
      found,
      back,
      values.primary,
      removed,
      { name: 'remove-canary', title: `remove ${removed}` },
      headers,
    ),
  )
  return planOf(found, stage, steps)
}

/** The stage of a released app and its stage values. Throws ConflictError where the values cannot be read. */
export function read(found: Found): { stage: Stage; values: StageValues } {
  const stage = stageOf(found.config)
  const { values } = readStageValues(found.config)
  if (!values || stage.name === 'unknown' || stage.name === 'absent') {
    throw new ConflictError(
      `Cannot read the stage of ${found.app} from its values: ${describeStage(stage)}.`,
      {
        state: 'Nothing was changed.',
        nextSteps: [canaryCommand(['values', found.app], found)],
      },
    )
  }
  return { stage, values }
}

/** The plan of these steps; `announced` are the canary headers of a route to come. */
export function planOf(
  found: Found,
  from: Stage,
  steps: Step[],
  announced: Record<string, string> = {},
): Plan {
  const { app, namespace, config } = found
  return {
    app,
    namespace,
    from,
    to: steps.at(-1)?.to ?? from,
    before: config,
    steps,
    expectations: expectationsOf(app, from, announced),
  }
}

function requireSameCanary(found: Found, stage: Stage, version: string): void {
  const there = 'canary' in stage ? stage.canary : undefined
  if (there === version) return
  throw conflict(found, stage, `A rollout of ${there} is under way`, [
    commented(canaryCommand(['abort', found.app], found), `ends it; then start ${version}`),
    ...(hasCanary(stage) ? [canaryCommand(['finish', found.app, stage.canary], found)] : []),
  ])
}

function canaryCommands(found: Found, stage: CanaryStage): string[] {
  return [
    commented(canaryCommand(['shift', found.app, 0], found), 'back to the header stage'),
    canaryCommand(['finish', found.app, stage.canary], found),
    canaryCommand(['abort', found.app], found),
  ]
}

/** A command that does not fit the stage; `nextSteps` are those that do. */
export function conflict(found: Found, stage: Stage, what: string, nextSteps: string[]): ConflictError {
  return new ConflictError(`${what}.`, {
    state: `Nothing was changed: ${found.app} is ${describeStage(stage)}.`,
    nextSteps,
  })
}
