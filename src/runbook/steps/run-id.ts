import { createHash } from 'node:crypto'
import type { Runbook } from '../runbook.js'

/**
 * Stands for all that the runbook does, 12 hexadecimal digits: the same whoever runs it and however often, another one with
 * other variables, apps or steps. Where it is written in the file, and what the file is called, make no difference.
 */
export function runIdOf({ vars, clusters, waves, steps }: Runbook): string {
  const names = clusters.map(({ name, context }) => [name, context])
  const text = JSON.stringify([vars, names, waves, steps], (key, value: unknown) =>
    key === 'position' || key === 'source' ? undefined : value,
  )
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
