import { commented, helmCommand, kubectlCommand } from '../../model/command-line.js'
import type { AppLock } from '../../cluster/ports/locks.js'
import type { LiveObject } from '../../model/results/drift.js'
import { ConflictError, ExternalError } from '../../model/errors.js'
import { roleOf } from '../../model/routing.js'
import type { Stage } from '../../model/stage.js'
import type { JsonObject } from '../../model/values.js'
import { nameOf, versionOf } from '../../rollout/drift/drift.js'
import { textOf } from '../../rollout/values/json-fields.js'
import { isObject } from '../../rollout/values/merge.js'
import { versionsThatServe } from '../../rollout/plan/safety/safety.js'
import { hasCanary, stageOf } from '../../rollout/stage/stage.js'
import { ROUTING_KINDS } from '../../routing/select.js'
import type { OperationContext } from '../context.js'
import type { Deployed, AppDrift } from './read-drift.js'
import { whyNotOurs } from '../ownership/own-objects.js'

export interface Restoring {
  /** For an abort: leaves alone what only the canary needs. */
  isAbort: boolean
  lock: AppLock
}

/**
 * Writes drift back as deployed: pods first, then the routes once the pods that get requests are ready. Helm alone
 * would not: Helm 3 compares a custom resource with the previous revision, not with the live object; and a step relies
 * on its version's pods before it starts.
 */
export async function restore(
  context: OperationContext,
  { app, namespace, deployed }: Deployed,
  { manifest, live, differences, autoscalers }: AppDrift,
  { isAbort: isAbort, lock }: Restoring,
): Promise<void> {
  const { cluster, emit, podTimeoutMs } = context
  const stage = stageOf(deployed.config)
  const differing = manifest.filter((object) =>
    differences.some(({ kind, name }) => kind === object.kind && name === nameOf(object)),
  )
  const foreign = differing.flatMap((object) => {
    const why = whyNotOurs(object, live, { app, namespace })
    return why === undefined ? [] : [{ object, line: `${textOf(object.kind)} ${nameOf(object)}: ${why}` }]
  })
  if (foreign.length > 0 && !isAbort) throw notOurs({ app, namespace }, foreign)
  for (const { line } of foreign) emit({ type: 'warning', message: `not written back: ${line}` })
  const changed = differing.filter((object) => !foreign.some((entry) => entry.object === object))
  if (changed.length === 0) return
  await lock.confirm()
  const write = async (object: JsonObject, as = 'as deployed again') => {
    const kind = object.kind as string
    await cluster.applyAsHelm(object, { app, namespace })
    emit({ type: 'note', message: `${kind} ${nameOf(object)} is ${as}` })
  }

  const scaled = new Set(autoscalers.map(({ deployment }) => deployment))
  const deployments = changed.filter(
    (object) => object.kind === 'Deployment' && isNeeded(object, stage, isAbort),
  )
  for (const object of deployments) {
    await write(scaled.has(nameOf(object) ?? '') ? withReplicasOf(find(live, object), object) : object)
  }
  const isRoute = (object: JsonObject) => roleOf(ROUTING_KINDS, object) === 'route'
  const routes = changed.filter(isRoute)
  for (const object of changed) if (object.kind !== 'Deployment' && !isRoute(object)) await write(object)

  const canaryIsRouted = isAbort && hasCanary(stage)
  const serving = versionsThatServe(stage)
  const awaited = routes.length > 0 ? serving : deployments.flatMap((object) => versionOf(object) ?? [])
  const waited = canaryIsRouted ? [] : awaited.filter((version) => serving.includes(version))
  if (waited.length > 0) {
    try {
      await cluster.waitForPods(app, namespace, waited, podTimeoutMs, (progress) =>
        emit({ type: 'pods', progress }),
      )
    } catch (error) {
      if (!isAbort || !(error instanceof ExternalError)) throw error
      emit({ type: 'warning', message: error.message })
    }
  }
  for (const object of routes) {
    // The first step of an abort moves the routes; until then keep them, as somebody may have changed them in an
    // emergency.
    if (!canaryIsRouted) await write(object)
    else if (find(live, object)) await write({ ...object, spec: specOf(find(live, object)) }, "Helm's again")
  }
}

/** The error for drifted objects that the release does not own. */
function notOurs(
  { app, namespace }: Pick<Deployed, 'app' | 'namespace'>,
  foreign: { object: JsonObject; line: string }[],
): ConflictError {
  const names = foreign.map(({ object }) => `${textOf(object.kind).toLowerCase()}/${nameOf(object)}`)
  const marks = `meta.helm.sh/release-name=${app} meta.helm.sh/release-namespace=${namespace}`
  return new ConflictError(
    `--take-over writes only objects of ${app}: ${foreign.length} of those that drifted are not.`,
    {
      state: 'Nothing was changed.',
      details: foreign.map(({ line }) => line),
      nextSteps: [
        commented(helmCommand(['get', 'manifest', app], namespace), `the objects in Helm's record`),
        ...names
          .slice(0, 1)
          .flatMap((name) => [
            commented(
              kubectlCommand(['annotate', name, '--overwrite', marks], namespace),
              `if it is this app's`,
            ),
            commented(
              kubectlCommand(['label', name, '--overwrite', 'app.kubernetes.io/managed-by=Helm'], namespace),
              'with it',
            ),
          ]),
      ],
    },
  )
}

/** An abort needs only the primary's pods: somebody may have stopped the canary's in an emergency. */
function isNeeded(object: JsonObject, stage: Stage, isAbort: boolean): boolean {
  return !isAbort || !('primary' in stage) || versionOf(object) === stage.primary
}

function find(live: LiveObject[], object: JsonObject): LiveObject['object'] {
  return live.find(({ kind, name }) => kind === object.kind && name === nameOf(object))?.object
}

function specOf(object: LiveObject['object']): JsonObject {
  return isObject(object?.spec) ? object.spec : {}
}

/**
 * Keeps replicas that an autoscaler has set. If the manifest sets none, Helm must not own the field: its next revision
 * would remove it.
 */
function withReplicasOf(live: LiveObject['object'], object: JsonObject): JsonObject {
  const { replicas } = specOf(live)
  return replicas === undefined || specOf(object).replicas === undefined
    ? object
    : { ...object, spec: { ...specOf(object), replicas } }
}
