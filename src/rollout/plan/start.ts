import type { Plan, Step } from '../../model/plan.js'
import { describeHeaders } from '../../model/describe-stage.js'
import { canaryCommand, commented } from '../../model/command-line.js'
import { isDeepStrictEqual } from 'node:util'
import type { StageValues, VersionConfig } from '../../model/values.js'
import { deployStep, type Found, headerStep, shadowStep } from './steps.js'
import { conflict, planOf, read } from './plan.js'
import { requireObjectName } from '../stage/version.js'
import { hasCanary } from '../stage/stage.js'
import type { CanaryStage, Stage } from '../../model/stage.js'

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
