import { commented, kubectlCommand } from '../../../model/command-line.js'
import type { Handover, OldRoutes } from '../../provider.js'
import { ROUTE_TABLE, VIRTUAL_SERVICE } from '../kinds.js'

/**
 * The release first serves a domain that nobody uses. Then the weight of the old RouteTables puts them behind its own,
 * and its own VirtualService is removed, so that the shared one sends the requests to its RouteTable.
 */
export function handover(app: string, routes: OldRoutes[]): Handover {
  const tables = routes
    .filter(({ kind }) => kind === ROUTE_TABLE.kind)
    .map(({ name, namespace }) => ({ object: `routetable ${name}`, namespace }))
  return {
    beside: ['--set', `routes.virtualService.domains={${app}.trial.invalid}`],
    serving: 'routes.virtualService=null',
    behind: tables.map(({ object, namespace }) =>
      commented(
        kubectlCommand(
          ['patch', ...object.split(' '), '--type', 'merge', '-p', '{"spec":{"weight":1}}'],
          namespace,
        ),
        'behind the routes to come',
      ),
    ),
    replaced: tables,
    byHand: routes
      .filter(({ kind }) => kind === VIRTUAL_SERVICE.kind)
      .map(
        ({ name, namespace }) =>
          `VirtualService ${namespace}/${name} itself has the route to the Service: before the upgrade that moves the requests, add a delegation to RouteTables of apiGroup example before that route; after it, remove the route.`,
      ),
  }
}
