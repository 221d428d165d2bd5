import type { ValueChange } from '../values-diff.js'
import { changeLine } from '../values-diff.js'

/** What an upgrade changes besides its values, as rendered. */
export interface UpgradeChanges {
  /** The chart, `gloo-app 0.1.0`, before and after; absent if it stays the same. */
  chart?: { before: string; after: string }
  objects: ObjectChange[]
  /** Versions whose pods are replaced by new ones. */
  restarts: string[]
  /** Versions whose number of pods is set by somebody else from now on. */
  scaling?: ScalingChange
}

/** Who sets how many pods a version has: an autoscaler of the release, up to `most`, or the release itself. */
export type Scaling = { autoscaler: string; least: number; most: number } | { replicas: number }

export interface ScalingChange {
  version: string
  /** Pods that serve now: never fewer during the upgrade. */
  serving: number
  after: Scaling
}

/** One object that an upgrade adds, removes or changes. */
export interface ObjectChange {
  kind: string
  name: string
  change: 'added' | 'removed' | 'changed'
  /** Fields that change, lists by the names of their entries: `spec.template.spec.containers[echo-v1].image`. */
  fields: ValueChange[]
}

/** Fields shown of one object; --json has all of them. */
const MOST_FIELDS = 8

/** Lines for people: the chart, the objects with their fields, and whose pods restart. */
export function upgradeLines({ chart, objects, restarts, scaling }: UpgradeChanges): string[] {
  return [
    ...(chart ? [chartLine(chart)] : []),
    ...objectLines(objects),
    restarts.length > 0
      ? `pods of ${restarts.join(' and ')} are replaced, a few at a time`
      : 'no pod restarts',
    ...(scaling ? [scalingLine(scaling)] : []),
  ]
}

function scalingLine({ version, serving, after }: ScalingChange): string {
  const pods = `${serving} ${serving === 1 ? 'pod' : 'pods'}`
  return 'replicas' in after
    ? `${version} keeps ${pods} throughout: the release sets ${after.replicas}, no autoscaler any more`
    : `${version} keeps ${pods} throughout: autoscaler ${after.autoscaler} sets ${after.least} to ${after.most} from then on`
}

/** Lines for people: each object, and its fields that change. */
export function objectLines(objects: ObjectChange[]): string[] {
  return objects.flatMap(({ kind, name, change, fields }) => [
    `${kind} ${name} ${change === 'changed' ? 'changes' : `is ${change}`}`,
    ...fields.slice(0, MOST_FIELDS).map((field) => `  ${changeLine(field)}`),
    ...(fields.length > MOST_FIELDS ? [`  and ${fields.length - MOST_FIELDS} fields more`] : []),
  ])
}

function chartLine({ before, after }: { before: string; after: string }): string {
  return before === after ? `chart ${after}, but with other files` : `chart ${before} → ${after}`
}
