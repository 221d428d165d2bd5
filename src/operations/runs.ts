import { canaryCommand, commented } from '../model/command-line.js'
import type { ListedRun, RunStart, RunWait } from '../model/results/runs.js'
import type { RunNotes } from '../cluster/ports/runs.js'
import type { OperationContext } from './context.js'

/** Runs of an app at this revision: a wait at another revision is over, a dead holder holds nothing. */
export async function notesAt(
  { cluster }: OperationContext,
  { app, namespace, revision }: { app: string; namespace: string; revision?: number },
): Promise<Pick<RunNotes, 'waiting' | 'holder'>> {
  return current(await cluster.runNotes(app, namespace), revision)
}

/** The part of an app's notes that is valid for the deployed revision. */
function current(
  { waiting, holder }: RunNotes,
  revision: number | undefined,
): Pick<RunNotes, 'waiting' | 'holder'> {
  return {
    waiting: waiting?.revision === revision ? waiting : undefined,
    holder: holder?.isDead ? undefined : holder,
  }
}

/** Commands that continue a waiting run, likeliest first. */
export function runCommands(app: string, namespace: string, { kind, step, command, by }: RunWait): string[] {
  if (kind !== 'approval') return [commented(command, 'continues where it is')]
  const who = by === 'other' ? 'somebody other than its starter approves' : 'approves'
  return [
    commented(canaryCommand(['approve', app, step, '--why', 'REASON'], { app, namespace }), who),
    commented(command, 'continues once it is approved'),
  ]
}

/** Every app that a run works on or waits for, sorted by namespace and app. */
export async function listRuns(context: OperationContext, namespace?: string): Promise<ListedRun[]> {
  const { cluster } = context
  const [notes, releases] = await Promise.all([
    cluster.allRunNotes(namespace),
    cluster.listReleases(namespace),
  ])
  const revisions = new Map(
    releases.map(({ name, namespace: where, deployed }) => [`${where}/${name}`, deployed?.revision]),
  )
  return notes
    .map(({ app, namespace: where, started, ...rest }) => {
      const { waiting, holder } = current(rest, revisions.get(`${where}/${app}`))
      const isItsRun = started !== undefined && started.run === (waiting?.run ?? holder?.runId)
      return {
        app,
        namespace: where,
        ...(waiting ? { waiting } : {}),
        ...(isItsRun ? { started } : {}),
        ...(holder?.runId === undefined ? {} : { holder }),
        next: waiting ? runCommands(app, where, waiting) : [],
      }
    })
    .filter(({ waiting, holder }) => waiting !== undefined || holder !== undefined)
    .sort((a, b) => `${a.namespace}/${a.app}`.localeCompare(`${b.namespace}/${b.app}`))
}

/**
 * Why this user may not approve a step that needs somebody other than the run's starter, a clause; undefined if they
 * may. `identity`: the user's name as the API server reports it. Refuses if an identity is unknown.
 */
export function whyNotAnother(
  run: string,
  started: RunStart | undefined,
  identity: string | undefined,
): string | undefined {
  if (started?.run !== run) return 'the app has no record of who started this run'
  if (started.identity === undefined) {
    return `it was started by ${started.who}, whose identity the API server did not report`
  }
  if (identity === undefined) return 'the API server does not report your identity (SelfSubjectReview)'
  return started.identity === identity ? `${identity} started the run` : undefined
}
