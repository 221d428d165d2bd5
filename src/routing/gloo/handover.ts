import type { Handover, RoutesToReplace } from '../provider.js'
import { ROUTE_TABLE, VIRTUAL_SERVICE } from './kinds.js'

/**
 * The release first serves a domain that nobody uses. Then the weight of the old RouteTables puts them behind its own,
 * and its own VirtualService is removed, so that the shared one sends the requests to its RouteTable.
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
          `VirtualService ${namespace}/${name} itself has the route to the Service: before the upgrade that moves the requests, add a delegation to RouteTables of apiGroup example before that route; after it, remove the route.`,
      ),
  }
}
