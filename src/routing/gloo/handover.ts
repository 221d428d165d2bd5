import type { Handover, RoutesToReplace } from '../provider.js'
import { ROUTE_TABLE, VIRTUAL_SERVICE } from './kinds.js'

/**
 * The release first serves a domain that nobody asks for. The old RouteTables go behind its own by their weight, then its own
 * VirtualService goes: the shared one takes the requests to its RouteTable.
 */
export function handover(app: string, routes: RoutesToReplace[]): Handover {
  const tables = routes
    .filter(({ kind }) => kind === ROUTE_TABLE.kind)
    .map(({ name, namespace }) => ({ object: `routetable ${name}`, namespace }))
  return {
    beside: `routes.virtualService.domains={${app}.trial.invalid}`,
    serving: 'routes.virtualService=null',
    behind: tables.map((table) => ({ ...table, patch: '{"spec":{"weight":1}}' })),
    replaced: tables,
    byHand: routes
      .filter(({ kind }) => kind === VIRTUAL_SERVICE.kind)
      .map(
        ({ name, namespace }) =>
          `VirtualService ${namespace}/${name} itself has the route to the Service: before the upgrade that moves the requests, put a delegation to RouteTables of apiGroup example before that route; after it, take the route out.`,
      ),
  }
}
