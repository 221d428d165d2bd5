import { canaryAgain, canaryCommand, commented, kubectlCommand } from '../../model/command-line.js'
import { describeStage } from '../../model/describe-stage.js'
import {
  type Autoscaled,
  type Difference,
  describeAutoscaled,
  describeController,
  describeDifference,
  pauseCommand,
} from '../../model/results/drift.js'
import { ConflictError } from '../../model/errors.js'
import { nameOf, versionOf } from '../../rollout/drift/drift.js'
import { versionsThatServe } from '../../rollout/plan/safety/safety.js'
import { stageOf } from '../../rollout/stage/stage.js'
import { ROUTING_KINDS } from '../../routing/select.js'
import type { Deployed, AppDrift } from './read-drift.js'

/** Kinds that route requests. */
const ROUTING = [
  ...ROUTING_KINDS.filter(({ role }) => role !== 'attachment').map(({ kind }) => kind),
  'Service',
]

/** The drift that an upgrade would meet, one line each. */
export function driftLines({ differences, autoscaled, controller }: AppDrift): string[] {
  return [
    ...(controller ? [`${describeController(controller)} applies the release by itself`] : []),
    ...differences.map((difference) => describeDifference(difference)),
    ...autoscaled.map(describeAutoscaled),
  ]
}

/** The error for an app with drift: each difference and the next commands. */
export function driftRefusal(app: Deployed, drift: AppDrift, command: string): ConflictError {
  const { differences, autoscaled, controller } = drift
  const stage = describeStage(stageOf(app.deployed.config))
  return new ConflictError(summary(app, drift), {
    state: [`Nothing was changed: ${stage}.`, ...trafficEffects(app, drift)].join(' '),
    details: driftLines(drift),
    nextSteps: waysOn(app, drift, command),
    evidence: { differences, autoscaled, controller: controller ?? null },
  })
}

/** The error for a namespace that is being deleted. */
export function namespaceIsGoing({ app, namespace }: Pick<Deployed, 'app' | 'namespace'>): ConflictError {
  return new ConflictError(`Namespace ${namespace} is being deleted, with all that is in it.`, {
    state: `Nothing was changed: nothing can be created in it, and ${app} ends with it.`,
    nextSteps: [
      commented(
        kubectlCommand(['get', 'namespace', namespace, '-o', 'yaml']),
        'its conditions show what blocks it',
      ),
      commented(canaryCommand(['install', app, 'VERSION'], { app, namespace }), 'once it is gone'),
    ],
  })
}

function summary({ app, deployed }: Deployed, { differences, autoscaled, controller }: AppDrift): string {
  const count = differences.length
  return [
    ...(controller
      ? [`${describeController(controller)} is in charge of ${app}: it would undo each step.`]
      : []),
    ...(count > 0
      ? [
          `${app} is not as revision ${deployed.revision} deployed it: ${count} difference${count === 1 ? '' : 's'}.`,
        ]
      : []),
    ...(autoscaled.length > 0
      ? [`An autoscaler sets replicas of ${app}: each helm upgrade would set them back to the release's.`]
      : []),
  ].join(' ')
}

/** How the drift may affect users, one sentence each. */
function trafficEffects({ app, namespace, deployed }: Deployed, drift: AppDrift): string[] {
  const { differences, manifest } = drift
  const serving = versionsThatServe(stageOf(deployed.config))
  const without = manifest.filter((object) =>
    differences.some((difference) => nameOf(object) === difference.name && leavesNoPods(difference)),
  )
  return [
    ...without
      .flatMap((object) => versionOf(object) ?? [])
      .filter((version) => serving.includes(version))
      .map(
        (version) =>
          `${version} gets requests and has no pods now: they fail, or another version answers them.`,
      ),
    ...(differences.some(({ kind }) => ROUTING.includes(kind))
      ? [`Actual traffic may differ: check with ${canaryCommand(['verify', app], { app, namespace })}.`]
      : []),
  ]
}

function leavesNoPods({ kind, path, found }: Difference): boolean {
  return kind === 'Deployment' && (path === undefined || (path === 'spec.replicas' && found === 0))
}

function waysOn(released: Deployed, drift: AppDrift, command: string): string[] {
  const { app, namespace } = released
  const { differences, autoscaled, controller, manifest } = drift
  const changed = new Set(
    differences
      .filter(({ path }) => path !== undefined)
      .map(({ kind, name }) => `${kind.toLowerCase()}/${name}`),
  )
  return [
    ...(controller
      ? [
          commented(pauseCommand(controller), 'then repeat the command'),
          commented(
            canaryCommand(['values', app, '--stage', 'STAGE', '…'], { app, namespace }),
            `values to commit where ${controller.tool} reads them`,
          ),
        ]
      : []),
    ...(changed.size > 0
      ? [
          commented(
            kubectlCommand(['get', ...changed, '-o', 'yaml', '--show-managed-fields'], namespace),
            'look at it',
          ),
        ]
      : []),
    ...autoscaled.map((entry) => keepReplicas(entry, manifest)),
    commented(
      canaryAgain(command, { app, namespace }, '--take-over'),
      differences.length > 0 ? 'restores what was deployed, then continues' : 'continues in spite of it',
    ),
  ]
}

function keepReplicas({ deployment, wanted, found }: Autoscaled, manifest: AppDrift['manifest']): string {
  const object = manifest.find((entry) => entry.kind === 'Deployment' && nameOf(entry) === deployment)
  const version = (object && versionOf(object)) ?? 'VERSION'
  return (
    `set deployment.${version}.replicas to ${found} in the values, or let the autoscaler come down to ${wanted}` +
    `    (--take-over sets ${wanted} until the autoscaler acts again)`
  )
}
