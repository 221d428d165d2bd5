import type { DomainConflict } from '../../../model/results/overlaps.js'
import { record } from '../../fields.js'
import { domainsOf, type GlooObject, attachmentOf } from '../objects/gloo-object.js'
import { glooStatusOf } from '../objects/status.js'

/**
 * Domains of several VirtualServices: Gloo rejects all of them, and their apps keep the previous routes. Those that
 * Gloo accepts anyway are left out: they belong to different Gateways.
 */
export function domainConflicts(virtualServices: GlooObject[]): DomainConflict[] {
  return conflictsOf(virtualServices.filter((service) => !isAccepted(service)))
}

/** The conflicts that `after` adds, whose objects Gloo has not seen yet. */
export function addedDomainConflicts(before: GlooObject[], after: GlooObject[]): DomainConflict[] {
  const known = new Set(conflictsOf(before).map(idOf))
  return conflictsOf(after).filter((conflict) => !known.has(idOf(conflict)))
}

function isAccepted(service: GlooObject): boolean {
  const { state } = glooStatusOf(service)
  return state === 'Accepted' || state === 'Warning'
}

function conflictsOf(virtualServices: GlooObject[]): DomainConflict[] {
  const claims = new Map<string, { domain: string; services: GlooObject[] }>()
  for (const service of virtualServices) {
    // A Gateway has either the ones with TLS or those without. Envoy ignores case in domains.
    const listener = record(service.spec).sslConfig === undefined ? 'http' : 'https'
    for (const domain of new Set(domainsOf(service).map((name) => name.toLowerCase()))) {
      const claim = claims.get(`${listener} ${domain}`) ?? { domain, services: [] }
      claim.services.push(service)
      claims.set(`${listener} ${domain}`, claim)
    }
  }
  return [...claims.values()]
    .filter(({ services }) => services.length > 1)
    .map(({ domain, services }) => ({ domain, attachments: services.map(attachmentOf) }))
}

function idOf({ domain, attachments }: DomainConflict): string {
  return [domain, ...attachments.map(({ namespace, name }) => `${namespace}/${name}`).sort()].join(' ')
}
