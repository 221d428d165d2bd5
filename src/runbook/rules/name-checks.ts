import { stat } from 'node:fs/promises'
import path from 'node:path'
import { UsageError } from '../../model/errors.js'
import { stepsOf } from '../run/app-steps.js'
import { type PlacedProblem, RunbookError } from '../file/problems.js'
import type { Position, Runbook, RunbookCluster } from '../runbook.js'
import { nearest } from '../file/schema.js'

/** What the command line names of the runbook. */
export interface Named {
  only?: string[]
  until?: string
  approve: string[]
}

/** Throws UsageError for an app or a step that the runbook does not have. */
export function checkNames({ waves, steps }: Runbook, { only = [], until, approve }: Named): void {
  const apps = waves.flatMap((wave) => wave.apps.map(({ name }) => name))
  const ids = steps.map(({ id }) => id)
  const approvals = steps.flatMap(({ id, type }) => (type === 'approve' ? [id] : []))
  for (const app of only) check('--only', app, 'app', apps)
  if (until !== undefined) check('--until', until, 'step', ids)
  for (const id of approve) check('--approve', id, 'approval', approvals)
}

function check(flag: string, name: string, kind: string, known: string[]): void {
  if (known.includes(name)) return
  throw new UsageError(`${flag} ${name}: there is no ${kind} "${name}"${nearest(name, known)}.`, {
    details: [known.length > 0 ? `the ${kind}s are ${known.join(', ')}` : `there are no ${kind}s at all`],
    state: 'Nothing was changed.',
  })
}

/**
 * Throws RunbookError for files that steps name and that are not there, and for contexts that no
 * kubeconfig has: before any cluster is asked for anything. `contextsOf` lists those of a kubeconfig.
 */
export async function checkCluster(
  runbook: Runbook,
  contextsOf: (kubeconfig: string | undefined) => Promise<string[]>,
): Promise<void> {
  const problems = [...(await missingFiles(runbook)), ...(await unknownContexts(runbook, contextsOf))]
  if (problems.length === 0) return
  throw new RunbookError(
    `that the runbook ${runbook.file} names and that can't be found`,
    runbook.file,
    problems,
    ['correct the runbook, or the kubeconfig'],
  )
}

async function missingFiles(runbook: Runbook): Promise<PlacedProblem[]> {
  const folder = path.dirname(runbook.file)
  const wanted = new Map<string, Position>()
  for (const cluster of runbook.clusters) {
    for (const { name } of runbook.waves.flatMap(({ apps }) => apps)) {
      for (const { file, position } of filesOf(runbook, name, cluster)) wanted.set(file, position)
    }
  }
  const found = await Promise.all(
    [...wanted].map(async ([file, position]): Promise<PlacedProblem[]> => {
      const isThere = await stat(path.resolve(folder, file)).then(
        () => true,
        () => false,
      )
      return isThere ? [] : [{ position, message: `there is no file ${file} in the folder of the runbook` }]
    }),
  )
  return found.flat()
}

function filesOf(
  runbook: Runbook,
  app: string,
  cluster: RunbookCluster,
): { file: string; position: Position }[] {
  return stepsOf(runbook, app, cluster).flatMap((step) => {
    const named =
      step.type === 'install'
        ? [...step.values, ...(step.chart === undefined ? [] : [step.chart])]
        : step.type === 'start' && step.versionValues !== undefined
          ? [step.versionValues]
          : []
    return named.map((file) => ({ file, position: step.position }))
  })
}

async function unknownContexts(
  { file, clusters }: Runbook,
  contextsOf: (kubeconfig: string | undefined) => Promise<string[]>,
): Promise<PlacedProblem[]> {
  const folder = path.dirname(file)
  const problems = await Promise.all(
    clusters.map(async ({ name, context, kubeconfig, position }): Promise<PlacedProblem[]> => {
      if (name === undefined || (context === undefined && kubeconfig === undefined)) return []
      const known = await contextsOf(kubeconfig === undefined ? undefined : path.resolve(folder, kubeconfig))
      if (known.length === 0) {
        const where = kubeconfig ?? 'the default one'
        return [{ position, message: `the kubeconfig of cluster ${name} (${where}) has no contexts` }]
      }
      if (context === undefined || known.includes(context)) return []
      const near = nearest(context, known)
      return [
        {
          position,
          message: `cluster ${name} has the context "${context}", which the kubeconfig has not${near}; it has ${known.join(', ')}`,
        },
      ]
    }),
  )
  return problems.flat()
}
