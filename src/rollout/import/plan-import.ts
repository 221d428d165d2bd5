import { commented, helmCommand } from '../../model/command-line.js'
import { ConflictError } from '../../model/errors.js'
import type { Plan } from '../../model/plan.js'
import type { ObjectChange } from '../../model/results/upgrade-changes.js'
import type { JsonObject } from '../../model/values.js'
import { changeLine } from '../../model/values-diff.js'
import { nameOf } from '../drift/drift.js'
import { expectationsOf } from '../stage/expectations.js'
import { mapOf } from '../values/json-fields.js'
import { manifestChanges } from '../plan/manifest-changes.js'
import { settled } from '../plan/safety/pod-templates.js'
import type { SeedValues } from './seed-layouts.js'
import { deploymentOf } from './seed-objects.js'
import { stageOf } from '../stage/stage.js'
import type { Found } from '../plan/steps.js'

export interface Import {
  seed: SeedValues
  /** Name and version of the chart, `gloo-app 0.1.0`. */
  chart: { before: string; after: string }
  /** The deployed objects, and those that the bundled chart renders from the values. */
  objects: { before: JsonObject[]; after: JsonObject[] }
}

/** Objects that pods may need, and that are lost once Helm has removed them. */
const NEEDED = ['ConfigMap', 'Secret', 'PersistentVolumeClaim', 'ServiceAccount']

/** Throws ConflictError where the values of the bundled chart cannot express the release's routes and versions. */
export function requireImportable({ app, namespace }: Omit<Found, 'config'>, seed: SeedValues): void {
  const nextSteps = [commented(helmCommand(['get', 'values', app, '--all'], namespace), 'what they are')]
  if (seed.leftOut.length > 0) {
    throw new ConflictError(`The bundled chart cannot express the routes of ${app}.`, {
      state: 'Nothing was changed.',
      details: seed.leftOut,
      nextSteps: ['remove it from the release by a helm upgrade with its own chart, then import again'],
    })
  }
  const stage = stageOf(seed.values)
  if (stage.name !== 'unknown') return
  throw new ConflictError(`Cannot read the stage of ${app} from its values: ${stage.problems.join('; ')}.`, {
    state: 'Nothing was changed.',
    nextSteps: [...nextSteps, 'correct them by a helm upgrade with its own chart, then import again'],
  })
}

/**
 * Puts a release of the seed's charts under the bundled chart, in one step with the same stage and the same pods.
 * Throws ConflictError where a pod would differ, or would lose something it needs.
 */
export function planImport(found: Found, { seed, chart, objects }: Import): Plan {
  const { app, namespace, config } = found
  requireImportable(found, seed)
  const stage = stageOf(seed.values)
  const changes = manifestChanges(objects.before, objects.after)
  requireSamePods(found, seed, objects)
  const lost = changes.filter(({ kind, change }) => change === 'removed' && NEEDED.includes(kind))
  const going = lost.filter((object) => !isKept(object, objects.before))
  if (going.length > 0) {
    throw new ConflictError(
      `Helm would remove ${listed(going)}, which pods may need: the bundled chart does not render it.`,
      {
        state: 'Nothing was changed.',
        nextSteps: [
          'annotate it with helm.sh/resource-policy: keep by a helm upgrade with its own chart, then import again',
        ],
      },
    )
  }
  const expectations = expectationsOf(app, stage)
  return {
    app,
    namespace,
    from: stage,
    to: stage,
    before: config,
    // The old values have another layout, so they cannot be compared with the new ones; the pods were compared instead.
    forced: true,
    expectations,
    steps: [
      {
        name: 'upgrade',
        title: `take over ${app} with chart ${chart.after}, stage and pods as they are`,
        to: stage,
        values: seed.values,
        readyBefore: [],
        readyAfter: [],
        goneAfter: [],
        expectations,
        changes: { chart, objects: changes, restarts: [] },
      },
    ],
  }
}

/** An import restarts no pod: when pods restart is the user's decision. */
function requireSamePods({ app, namespace }: Found, seed: SeedValues, objects: Import['objects']): void {
  const before = objects.before.filter(isDeployment)
  const others = manifestChanges(
    before.map(podsAlone),
    objects.after.filter(isDeployment).map(podsAlone),
  ).filter(({ change }) => change !== 'added')
  if (others.length === 0) return
  const details = others.flatMap(({ name, change, fields }) =>
    change === 'removed'
      ? [`Deployment ${name}: the bundled chart renders no Deployment of this name`]
      : fields.map((field) => `Deployment ${name}: ${changeLine(field)}`),
  )
  const reasons = Object.entries(seed.leftOutOfPods)
    .filter(([version]) => isAmong(others, deploymentOf(app, version, before)))
    .flatMap(([version, leftOut]) => leftOut.map((reason) => `${version}: ${reason}`))
  throw new ConflictError(
    `The pods of ${others.map(({ name }) => name).join(' and ')} would be replaced: the bundled chart renders them differently.`,
    {
      state: 'Nothing was changed: an import restarts no pod.',
      details: [...details, ...reasons],
      nextSteps: [
        commented(helmCommand(['get', 'manifest', app], namespace), 'what is deployed'),
        'make these fields equal by a helm upgrade with its own chart, which restarts the pods, then import again',
      ],
      evidence: { objects: others, values: seed.values },
    },
  )
}

function isAmong(changes: ObjectChange[], deployment: JsonObject | undefined): boolean {
  return deployment !== undefined && changes.some(({ name }) => name === nameOf(deployment))
}

function isDeployment({ kind }: JsonObject): boolean {
  return kind === 'Deployment'
}

/** The parts of a Deployment that decide over its pods: selector and template. */
function podsAlone({ apiVersion, kind, metadata, spec }: JsonObject): JsonObject {
  const { name, namespace } = mapOf(metadata)
  const { selector, template } = mapOf(spec)
  return {
    apiVersion: apiVersion ?? null,
    kind: kind ?? null,
    metadata: { name: name ?? null, namespace: namespace ?? null },
    spec: { selector: selector ?? null, template: settled(mapOf(template)) },
  }
}

/** Whether Helm keeps the object when it is no longer part of the release. */
function isKept({ kind, name }: ObjectChange, objects: JsonObject[]): boolean {
  const object = objects.find((one) => one.kind === kind && nameOf(one) === name)
  return mapOf(mapOf(object?.metadata).annotations)['helm.sh/resource-policy'] === 'keep'
}

function listed(objects: ObjectChange[]): string {
  return objects.map(({ kind, name }) => `${kind} ${name}`).join(', ')
}
