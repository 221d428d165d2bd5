import { stat } from 'node:fs/promises'
import path from 'node:path'
import { UsageError } from '../../model/errors.js'
import { stepsOf } from '../steps/app-steps.js'
import { type PlacedProblem, RunbookError } from './problems.js'
import { isPublishedChart } from '../../cluster/helm/chart-packages.js'
import type { InstallStep, Position, Runbook, RunbookCluster } from '../runbook.js'
import { didYouMean } from '../../lib/closest.js'

/** Names on the command line that the runbook must have. */
export interface Named {
  only?: string[]
  until?: string
  approve: string[]
}

/** Throws UsageError for an app or step that the runbook does not have. */
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
  throw new UsageError(
    `Invalid ${flag} ${name}: the runbook has no ${kind} "${name}"${didYouMean(name, known)}.`,
    {
      details: [known.length > 0 ? `the ${kind}s are ${known.join(', ')}` : `the runbook has no ${kind}s`],
      state: 'Nothing was changed.',
    },
  )
}

/**
 * Throws RunbookError for files of steps that do not exist, and for contexts that are in no kubeconfig, before any cluster
 * is contacted. `contextsOf` lists the contexts of a kubeconfig.
 */
export async function checkReferences(
  runbook: Runbook,
  contextsOf: (kubeconfig: string | undefined) => Promise<string[]>,
): Promise<void> {
  const problems = [...(await missingFiles(runbook)), ...(await unknownContexts(runbook, contextsOf))]
  if (problems.length === 0) return
  throw new RunbookError(
    (count) =>
      `The runbook ${runbook.file} names ${count === 1 ? 'a file or context that does' : `${count} files or contexts that do`} not exist.`,
    runbook.file,
    problems,
    ['correct the runbook or the kubeconfig'],
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
      return isThere ? [] : [{ position, message: `file ${file} does not exist in the runbook's folder` }]
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
        ? [...step.values, ...localCharts(step)]
        : step.type === 'start' && step.versionValues !== undefined
          ? [step.versionValues]
          : []
    return named.map((file) => ({ file, position: step.position }))
  })
}

function localCharts({ chart }: InstallStep): string[] {
  return chart === undefined || chart === 'bundled' || isPublishedChart(chart) ? [] : [chart]
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
      const near = didYouMean(context, known)
      return [
        {
          position,
          message: `context "${context}" of cluster ${name} is not in the kubeconfig${near}; its contexts are ${known.join(', ')}`,
        },
      ]
    }),
  )
  return problems.flat()
}
