import type { Finding } from '../../model/results/doctor.js'
import { ExternalError } from '../../model/errors.js'
import {
  conflictRemedy,
  describeClaim,
  describeDomainConflict,
  describeOverlap,
  type DomainConflict,
  type RouteOverlap,
} from '../../model/results/overlaps.js'
import type { RoutingProvider } from '../../routing/provider.js'

/** Routes of different owners that overlap, and domains claimed by several attachments, in the whole cluster. */
export async function allOverlapFindings(provider: RoutingProvider): Promise<Finding[]> {
  try {
    const view = await provider.view()
    const { overlaps, domains } = view.conflicts()
    return [
      ...domains.map((conflict) => conflictFinding(conflict, provider.description.texts.product)),
      ...overlapFindings('routes', overlaps),
      ...view.hidden.map((kind): Finding => ({
        check: 'routes',
        status: 'warning',
        detail: `your user may not list ${kind} in all namespaces: overlaps of their routes are unknown`,
        remedy: 'bind the roles of docs/rbac.yaml to your user, or ask for that',
      })),
    ]
  } catch (error) {
    // Another finding reports that the gateway is missing or cannot be read.
    if (!(error instanceof ExternalError)) throw error
    return []
  }
}

/**
 * One finding per overlap; a catch-all that yields to more specific routes is fine, and one line. For an app: a route
 * that loses every request to another is a problem.
 */
export function overlapFindings(check: string, overlaps: RouteOverlap[]): Finding[] {
  return [
    ...overlaps.filter(({ isCatchAll }) => !isCatchAll).map((overlap) => overlapFinding(check, overlap)),
    ...catchAllFindings(
      check,
      overlaps.filter(({ isCatchAll }) => isCatchAll),
    ),
  ]
}

function overlapFinding(check: string, overlap: RouteOverlap): Finding {
  const { own, certain, isWhole } = overlap
  return {
    check,
    status: own === 'loser' && certain && isWhole ? 'problem' : 'warning',
    detail: describeOverlap(overlap),
    remedy: 'give one of the two other paths, methods or headers (routes.matches), if this is not meant',
  }
}

function catchAllFindings(check: string, overlaps: RouteOverlap[]): Finding[] {
  const catchAlls = new Map(overlaps.map(({ loser }) => [describeClaim(loser), loser]))
  return [...catchAlls.keys()].map((text) => {
    const before = overlaps.filter(({ loser }) => describeClaim(loser) === text)
    const names = new Set(before.map(({ winner }) => `${winner.kind} ${winner.namespace}/${winner.name}`))
    const first = [...names].slice(0, 3).join(', ')
    const more = names.size > 3 ? ` and ${names.size - 3} more` : ''
    return { check, status: 'ok', detail: `${text} gets what is left over by ${first}${more}` }
  })
}

function conflictFinding(conflict: DomainConflict, product: string): Finding {
  return {
    check: `domain ${conflict.domain}`,
    status: 'problem',
    detail: `${describeDomainConflict(conflict)}: ${product} rejects them all, and their routes stay as they were`,
    remedy: conflictRemedy(conflict).join('\n'),
  }
}
