import type { ValueChange } from './values-diff.js'
import { changeLine } from './values-diff.js'

/** What an upgrade of a stable app brings besides its values, as rendered. */
export interface UpgradeChanges {
  /** The chart, `gloo-app 0.1.0`, before and after; absent where the same one is applied. */
  chart?: { before: string; after: string }
  objects: ObjectChange[]
  /** Versions whose pods are replaced by new ones. */
  restarts: string[]
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
export function upgradeLines({ chart, objects, restarts }: UpgradeChanges): string[] {
  return [
    ...(chart ? [chartLine(chart)] : []),
    ...objects.flatMap(({ kind, name, change, fields }) => [
      `${kind} ${name} ${change === 'changed' ? 'changes' : `is ${change}`}`,
      ...fields.slice(0, MOST_FIELDS).map((field) => `  ${changeLine(field)}`),
      ...(fields.length > MOST_FIELDS ? [`  and ${fields.length - MOST_FIELDS} fields more`] : []),
    ]),
    restarts.length > 0
      ? `pods of ${restarts.join(' and ')} are replaced, a few at a time`
      : 'no pod restarts',
  ]
}

function chartLine({ before, after }: { before: string; after: string }): string {
  return before === after ? `chart ${after}, but with other files` : `chart ${before} → ${after}`
}
