import { isDeepStrictEqual } from 'node:util'
import type { ChartSource } from '../../cluster/ports/releases.js'
import { ConflictError } from '../../model/errors.js'
import {
  describeDomainConflict,
  describeOverlap,
  type DomainConflict,
  type RouteOverlap,
} from '../../model/results/overlaps.js'
import type { Plan } from '../../model/plan.js'
import type { RoutingTexts } from '../../model/routing.js'
import type { Revision } from '../../model/release.js'
import type { JsonObject } from '../../model/values.js'
import { isObject } from '../../rollout/values/merge.js'
import type { RoutesView } from '../../routing/provider.js'
import type { OperationContext } from '../context.js'
import { parseManifest } from '../observe/manifest.js'
import { providerOfPlan } from '../observe/provider.js'
import { renderUnchanged } from '../change/rehearsal.js'
import { requireTlsSecrets } from '../change/tls-secrets.js'

/** A plan and its inputs. */
export interface PlanWithRoutes {
  plan: Plan
  revision?: Revision
  chart?: ChartSource
  /** An attachment that the plan creates. */
  creates?: JsonObject
}

/**
 * Safety rule 9: no step adds routes for another app's paths on its domains, or a domain that another attachment has.
 * Only additions count: existing overlaps block nothing. With `--allow-overlap` it is a warning.
 *
 * @throws ConflictError that names both owners, before anything is changed
 */
export async function requireNoOverlaps(context: OperationContext, run: PlanWithRoutes): Promise<void> {
  const { app, namespace } = run.plan
  const rendered = await renderedObjects(context, run)
  if (rendered.length === 0) return
  const provider = providerOfPlan(context, run)
  const view = await provider.view()
  warnOfHidden(context, app, view)
  const before = run.revision ? parseManifest(run.revision.manifest) : []
  const added = rendered.map((after) =>
    view.addedConflicts({ app: { name: app, namespace }, before, after, creates: run.creates }),
  )
  for (const own of rendered) await requireTlsSecrets(context, provider, view.certificates(own, namespace))
  judgeConflicts(
    context,
    run,
    unique(added.flatMap(({ domains }) => domains)),
    view,
    provider.description.texts,
  )
  judgeOverlaps(context, run, unique(added.flatMap(({ overlaps }) => overlaps)))
}

/** The objects of every step that may change the app's routes. */
async function renderedObjects(
  context: OperationContext,
  { plan, revision, chart }: PlanWithRoutes,
): Promise<JsonObject[][]> {
  const { app, namespace, steps } = plan
  // Nothing delays routing back to the primary.
  if (steps[0]?.name === 'route-back') return []
  const source = chart ?? (revision ? { record: revision.chart } : undefined)
  if (!source) return []
  let before = chart || !revision ? undefined : withoutVersions(revision.config)
  const rendered: JsonObject[][] = []
  for (const { values } of steps) {
    const after = withoutVersions(values)
    if (!isDeepStrictEqual(before, after)) {
      rendered.push(await renderUnchanged(context, { app, namespace, chart: source, values }))
    }
    before = after
  }
  return rendered
}

/** The values without those that only choose a version: a header route lies within the app's own matches. */
function withoutVersions({ deployment: _deployment, routes, ...rest }: JsonObject): JsonObject {
  if (!isObject(routes)) return rest
  const { primary: _primary, canary: _canary, shadow: _shadow, ...others } = routes
  return { ...rest, routes: others }
}

function unique<T>(found: T[]): T[] {
  return found.filter((one, index) => found.findIndex((other) => isDeepStrictEqual(one, other)) === index)
}

function warnOfHidden({ emit }: OperationContext, app: string, { hidden }: RoutesView): void {
  if (hidden.length === 0) return
  const message = `your user may not list ${hidden.join(' and ')} in all namespaces: whether another app answers requests of ${app} is not known`
  emit({ type: 'warning', message })
}

function judgeOverlaps(
  context: OperationContext,
  { plan: { app } }: PlanWithRoutes,
  found: RouteOverlap[],
): void {
  const [leftOver, refused] = [found.filter(isLeftOver), found.filter((overlap) => !isLeftOver(overlap))]
  const lines = refused.map(describeOverlap)
  if (refused.length > 0 && !context.allowOverlap) {
    const owners = [...new Set(refused.map(otherOwner))]
    const takes = refused.some(({ own }) => own === 'winner')
    throw new ConflictError(
      `${app} would ${takes ? 'take requests of' : 'lose requests to'} ${owners.join(' and ')}: their routes overlap.`,
      {
        state: 'Nothing was changed.',
        details: lines,
        nextSteps: [
          `give ${app} other paths, methods or headers: routes.matches in its values`,
          'or the same command with --allow-overlap    (continues in spite of it)',
        ],
        evidence: { overlaps: refused },
      },
    )
  }
  // An app's own catch-all yields to others by design.
  const reported = leftOver.filter(({ own }) => own === 'winner').map(describeOverlap)
  for (const message of [...lines, ...reported]) context.emit({ type: 'warning', message })
}

/**
 * Whether a catch-all yields by design: the app's own, or an attachment's behind its delegations. Not another app's:
 * its owner would lose requests that it serves today.
 */
function isLeftOver({ isCatchAll, own, loser }: RouteOverlap): boolean {
  return isCatchAll && (own === 'loser' || loser.role === 'attachment')
}

function otherOwner({ own, winner, loser }: RouteOverlap): string {
  const { kind, namespace, name, release } = own === 'winner' ? loser : winner
  if (!release) return `${kind} ${namespace}/${name}`
  return release.namespace === release.name
    ? release.name
    : `${release.name} in namespace ${release.namespace}`
}

function judgeConflicts(
  context: OperationContext,
  { plan: { app }, creates }: PlanWithRoutes,
  conflicts: DomainConflict[],
  view: RoutesView,
  { product }: RoutingTexts,
): void {
  const [conflict] = conflicts
  if (!conflict) return
  const consequence = `${product} would reject them all, and every app that they serve would keep the routes it has`
  if (context.allowOverlap) {
    for (const one of conflicts) {
      const message = `${describeDomainConflict(one)}: if they belong to one Gateway, ${consequence}`
      context.emit({ type: 'warning', message })
    }
    return
  }
  throw new ConflictError(
    `${describeDomainConflict(conflict).replace(' have ', ' would both have ')}: ${consequence}.`,
    {
      state: 'Nothing was changed.',
      ...view.explainConflict(conflict, { app, creates: creates !== undefined }),
      evidence: { domainConflicts: conflicts },
    },
  )
}
