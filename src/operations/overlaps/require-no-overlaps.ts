import { isDeepStrictEqual } from 'node:util'
import type { ChartSource, GatewayView } from '../../cluster/port.js'
import { ConflictError } from '../../model/errors.js'
import {
  conflictRemedy,
  describeDomainConflict,
  describeOverlap,
  type DomainConflict,
  type RouteOverlap,
} from '../../model/results/overlaps.js'
import type { Plan } from '../../model/plan.js'
import type { Revision } from '../../model/release.js'
import type { JsonObject } from '../../model/values.js'
import { isObject } from '../../rollout/values/merge.js'
import { addedDomainConflicts } from '../../routing/gloo/overlaps/domains.js'
import { type GlooObject, type GlooRoutes, isOfRelease, isSameObject } from '../../routing/gloo/objects.js'
import { addedOverlaps, type IsOwn } from '../../routing/gloo/overlaps/overlaps.js'
import { describeDelegations } from '../../routing/gloo/selection.js'
import type { OperationContext } from '../context.js'
import { glooObjects, parseManifest } from '../observe/manifest.js'
import { renderUnchanged } from '../change/rehearsal.js'
import { requireTlsSecrets } from '../change/tls-secrets.js'

/** A plan, and what it is made from. */
export interface PlanWithRoutes {
  plan: Plan
  revision?: Revision
  chart?: ChartSource
  /** A VirtualService that is made besides. */
  creates?: GlooObject
}

/**
 * Safety rule 9: no step adds routes that answer for another app's paths on its domains, nor a domain that another
 * VirtualService has. Only what a step adds counts: an overlap that is there already holds nobody up. With
 * `--allow-overlap` it is a warning.
 *
 * @throws ConflictError that names both owners, before anything is changed
 */
export async function requireNoOverlaps(context: OperationContext, run: PlanWithRoutes): Promise<void> {
  const { app, namespace } = run.plan
  const rendered = await renderedRoutes(context, run)
  if (rendered.length === 0) return
  const view = await context.cluster.gateway()
  warnOfHidden(context, app, view)
  const deployed = run.revision ? glooObjects(parseManifest(run.revision.manifest), namespace) : []
  const overlaps: RouteOverlap[] = []
  const conflicts: DomainConflict[] = []
  for (const objects of rendered) {
    const own = [...deployed, ...objects]
    const isOwn: IsOwn = (object) =>
      isOfRelease(object, { name: app, namespace }) || own.some((one) => isSameObject(one, object))
    const around = (made: GlooObject[]): GlooRoutes => ({
      virtualServices: [...others(view.virtualServices, isOwn), ...ofKind(made, 'VirtualService')],
      routeTables: [...others(view.routeTables, isOwn), ...ofKind(made, 'RouteTable')],
    })
    const [before, after] = [around(deployed), around(objects)]
    if (run.creates) after.virtualServices.push(run.creates)
    overlaps.push(...addedOverlaps(before, after, isOwn))
    conflicts.push(...addedDomainConflicts(before.virtualServices, after.virtualServices))
  }
  for (const own of rendered) {
    const notOwn = others(view.virtualServices, (one) => own.some((other) => isSameObject(one, other)))
    await requireTlsSecrets(context, { namespace, own, others: notOwn })
  }
  judgeConflicts(context, run, unique(conflicts), view)
  judgeOverlaps(context, run, unique(overlaps))
}

/** The Gloo objects of every step that may change what the app answers to. */
async function renderedRoutes(
  context: OperationContext,
  { plan, revision, chart }: PlanWithRoutes,
): Promise<GlooObject[][]> {
  const { app, namespace, steps } = plan
  // Nothing holds up the way back to the primary.
  if (steps[0]?.name === 'route-back') return []
  const source = chart ?? (revision ? { record: revision.chart } : undefined)
  if (!source) return []
  let before = chart || !revision ? undefined : withoutVersions(revision.config)
  const rendered: GlooObject[][] = []
  for (const { values } of steps) {
    const after = withoutVersions(values)
    if (!isDeepStrictEqual(before, after)) {
      const objects = await renderUnchanged(context, { app, namespace, chart: source, values })
      rendered.push(glooObjects(objects, namespace))
    }
    before = after
  }
  return rendered
}

/** The values but for those that only choose among versions: a header route lies within the app's own matches. */
function withoutVersions({ deployment: _deployment, routes, ...rest }: JsonObject): JsonObject {
  if (!isObject(routes)) return rest
  const { primary: _primary, canary: _canary, shadow: _shadow, ...others } = routes
  return { ...rest, routes: others }
}

function others(objects: GlooObject[], isOwn: IsOwn): GlooObject[] {
  return objects.filter((object) => !isOwn(object))
}

function ofKind(objects: GlooObject[], kind: string): GlooObject[] {
  return objects.filter((object) => object.kind === kind)
}

function unique<T>(found: T[]): T[] {
  return found.filter((one, index) => found.findIndex((other) => isDeepStrictEqual(one, other)) === index)
}

function warnOfHidden({ emit }: OperationContext, app: string, { hidden }: GatewayView): void {
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
          'or the same command with --allow-overlap    (goes on all the same)',
        ],
        evidence: { overlaps: refused },
      },
    )
  }
  // What only its own catch-all leaves to others is what a catch-all is for.
  const reported = leftOver.filter(({ own }) => own === 'winner').map(describeOverlap)
  for (const message of [...lines, ...reported]) context.emit({ type: 'warning', message })
}

/**
 * Whether a catch-all only leaves what it is there to leave: the app's own, or the one that a VirtualService has behind
 * its delegations. That of another app is not: its owner loses requests that it answers today.
 */
function isLeftOver({ isCatchAll, own, loser }: RouteOverlap): boolean {
  return isCatchAll && (own === 'loser' || loser.kind === 'VirtualService')
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
  { virtualServices }: GatewayView,
): void {
  const [conflict] = conflicts
  if (!conflict) return
  const consequence = 'Gloo would reject them all, and every app that they serve would keep the routes it has'
  if (context.allowOverlap) {
    for (const one of conflicts) {
      const message = `${describeDomainConflict(one)}: if they belong to one Gateway, ${consequence}`
      context.emit({ type: 'warning', message })
    }
    return
  }
  const there = virtualServices.filter(({ metadata }) =>
    conflict.virtualServices.some(
      ({ name, namespace }) => metadata.name === name && metadata.namespace === namespace,
    ),
  )
  throw new ConflictError(
    `${describeDomainConflict(conflict).replace(' have ', ' would both have ')}: ${consequence}.`,
    {
      state: 'Nothing was changed.',
      details: there.map(
        (service) =>
          `VirtualService ${service.metadata.namespace}/${service.metadata.name} is there, and ${describeDelegations(service)}`,
      ),
      nextSteps: creates
        ? [
            ...there.map(
              ({ metadata: { name, namespace } }) =>
                `kubectl edit virtualservice ${name} -n ${namespace}    (add a route that delegates to the app's apiGroup)`,
            ),
            `canary install ${app} VERSION --api-group GROUP    (with the apiGroup that it delegates to)`,
            'or give the app domains of its own: routes.virtualService.domains in its values',
          ]
        : conflictRemedy(conflict),
      evidence: { domainConflicts: conflicts },
    },
  )
}
