import { commented, helmCommand } from '../../model/command-line.js'
import { ConflictError } from '../../model/errors.js'
import type { Plan } from '../../model/plan.js'
import type { ObjectChange } from '../../model/results/upgrade-changes.js'
import type { JsonObject } from '../../model/values.js'
import { changeLine } from '../../model/results/values-diff.js'
import { nameOf } from '../drift/drift.js'
import { expectationsOf } from '../stage/expectations.js'
import { mapOf } from '../values/json-fields.js'
import { manifestChanges } from '../plan/manifest-changes.js'
import { settled } from '../plan/pod-templates.js'
import type { SeedValues } from './seed-layouts.js'
import { deploymentOf } from './seed-objects.js'
import { stageOf } from '../stage/stage.js'
import type { Found } from '../plan/steps.js'

export interface Import {
  seed: SeedValues
  /** The chart in words, `gloo-app 0.1.0`. */
  chart: { before: string; after: string }
  /** The objects deployed, and those that the bundled chart makes of the values. */
  objects: { before: JsonObject[]; after: JsonObject[] }
}

/** What pods may need, and nobody gets back once Helm has removed it. */
const NEEDED = ['ConfigMap', 'Secret', 'PersistentVolumeClaim', 'ServiceAccount']

/** Throws ConflictError where the bundled chart can't say what the release's routes and versions are. */
export function requireImportable({ app, namespace }: Omit<Found, 'config'>, seed: SeedValues): void {
  const nextSteps = [commented(helmCommand(['get', 'values', app, '--all'], namespace), 'what they are')]
  if (seed.leftOut.length > 0) {
    throw new ConflictError(`The routes of ${app} have what the bundled chart has no place for.`, {
      state: 'Nothing was changed.',
      details: seed.leftOut,
      nextSteps: ['take it out of the release by a helm upgrade with its own chart, then import again'],
    })
  }
  const stage = stageOf(seed.values)
  if (stage.name !== 'unknown') return
  throw new ConflictError(`canary can't explain the values of ${app}: ${stage.problems.join('; ')}.`, {
    state: 'Nothing was changed.',
    nextSteps: [...nextSteps, 'correct them by a helm upgrade with its own chart, then import again'],
  })
}

/**
 * A release of the seed's charts under the bundled one, in one step: the same stage, the same pods. Throws ConflictError
 * where a pod would be another, or would lose what it needs.
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
      `The bundled chart has no ${listed(going)}: Helm would remove what pods may need.`,
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
    // Values of another layout have nothing to compare with the new ones: their pods were compared instead.
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

/** An import restarts no pod: whoever wants other pods makes them at a time of their own. */
function requireSamePods({ app, namespace }: Found, seed: SeedValues, objects: Import['objects']): void {
  const before = objects.before.filter(isDeployment)
  const others = manifestChanges(
    before.map(podsAlone),
    objects.after.filter(isDeployment).map(podsAlone),
  ).filter(({ change }) => change !== 'added')
  if (others.length === 0) return
  const details = others.flatMap(({ name, change, fields }) =>
    change === 'removed'
      ? [`Deployment ${name}: the bundled chart makes none of this name`]
      : fields.map((field) => `Deployment ${name}: ${changeLine(field)}`),
  )
  const reasons = Object.entries(seed.leftOutOfPods)
    .filter(([version]) => isAmong(others, deploymentOf(app, version, before)))
    .flatMap(([version, leftOut]) => leftOut.map((reason) => `${version}: ${reason}`))
  throw new ConflictError(
    `Pods of ${others.map(({ name }) => name).join(' and ')} would be replaced: with the bundled chart they are not the same.`,
    {
      state: 'Nothing was changed: an import restarts no pod.',
      details: [...details, ...reasons],
      nextSteps: [
        commented(helmCommand(['get', 'manifest', app], namespace), 'what is deployed'),
        'make these fields the same by a helm upgrade with its own chart, which restarts the pods, then import again',
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

/** What of a Deployment decides over its pods: selector and template. */
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

/** Whether Helm leaves the object alone when it is no longer part of the release. */
function isKept({ kind, name }: ObjectChange, objects: JsonObject[]): boolean {
  const object = objects.find((one) => one.kind === kind && nameOf(one) === name)
  return mapOf(mapOf(object?.metadata).annotations)['helm.sh/resource-policy'] === 'keep'
}

function listed(objects: ObjectChange[]): string {
  return objects.map(({ kind, name }) => `${kind} ${name}`).join(', ')
}
