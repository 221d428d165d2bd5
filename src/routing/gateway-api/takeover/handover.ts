import { commented, kubectlCommand, quotedLine } from '../../../model/command-line.js'
import type { JsonObject } from '../../../model/values.js'
import { record } from '../../fields.js'
import { helmReleaseOf, type RoutingObject } from '../../objects.js'
import type { Handover, OldRoutes } from '../../provider.js'

/**
 * Among equal matches the older HTTPRoute wins. So the release's is made first, for a host that nobody uses; then each old one is
 * replaced by a younger copy, which serves as before; then the release's gets the hosts back and wins. At no moment there is no route.
 */
export function handover(app: string, routes: OldRoutes[]): Handover {
  return {
    // Routes for all hosts meet it at its own, too.
    beside: [
      '--set',
      `routes.hostnames={${app}.trial.invalid}`,
      ...(routes.length > 0 ? ['--allow-overlap'] : []),
    ],
    serving: hostsOf(routes),
    behind: routes.flatMap(({ name, namespace, object }) => [
      commented(
        `printf %s ${quotedLine([JSON.stringify(copyOf(object, behindName(name)))])} | ${kubectlCommand(['create', '-f', '-'], namespace)}`,
        'the same routes, younger than those to come',
      ),
      commented(kubectlCommand(['delete', 'httproute', name], namespace), 'its copy serves'),
    ]),
    replaced: routes.map(({ name, namespace }) => ({ object: `httproute ${behindName(name)}`, namespace })),
    byHand: routes.flatMap(({ name, namespace, object }) => {
      const release = helmReleaseOf(object as unknown as RoutingObject)
      return release
        ? [
            `HTTPRoute ${namespace}/${name} belongs to Helm release ${release.namespace}/${release.name}: take it out of that chart after the commands, or Helm makes it again.`,
          ]
        : []
    }),
  }
}

/** The hosts that the old routes served; none for all. */
function hostsOf(routes: OldRoutes[]): string {
  const hosts = routes.flatMap(({ object }) => {
    const { hostnames } = record(object.spec)
    return Array.isArray(hostnames) ? hostnames.map(String) : []
  })
  return hosts.length > 0 ? `routes.hostnames={${[...new Set(hosts)].join(',')}}` : 'routes.hostnames=null'
}

function behindName(name: string): string {
  return `${name}-behind`
}

/** What a person wrote of an object, under another name. */
function copyOf({ apiVersion, kind, metadata, spec }: JsonObject, name: string): JsonObject {
  const { labels } = record(metadata)
  return {
    apiVersion: apiVersion ?? null,
    kind: kind ?? null,
    metadata: { name, ...(labels === undefined ? {} : { labels: labels as JsonObject }) },
    spec: spec ?? null,
  }
}
