import type { KubeApi } from '../../../cluster/kube/kube-api.js'
import { unlessForbidden } from '../../../cluster/kube/api-errors.js'
import { NAMESPACES } from '../../../cluster/kube/kube-types.js'
import type { ObjectRef } from '../../../model/results/diagnosis.js'
import { record, text } from '../../fields.js'
import { type RoutingObject, refOf } from '../../objects.js'
import type { GatewayChoice } from '../../provider.js'
import { refusals } from './attachment.js'
import { controllerNameOf, listenersOf } from './gateways.js'
import { implementationOf } from './implementations.js'
import { GATEWAY_CLASSES, GATEWAYS } from '../kinds.js'

/** The Gateways of a cluster, as an app in this namespace can choose them; none if they may not be listed. */
export async function gatewayChoices(api: KubeApi, namespace: string): Promise<GatewayChoice[]> {
  const [gateways, classes, own] = await Promise.all([
    unlessForbidden(api.list({ resource: GATEWAYS })),
    unlessForbidden(api.list({ resource: GATEWAY_CLASSES })),
    unlessForbidden(api.find({ resource: NAMESPACES, name: namespace })),
  ])
  return choicesAmong(gateways?.items ?? [], namespace, {
    classes: classes?.items,
    // A namespace that is yet to be made has this label alone.
    labels: own ? own.metadata.labels : { 'kubernetes.io/metadata.name': namespace },
  })
}

/** Gateways as choices, those that take routes of the namespace first. */
export function choicesAmong(
  gateways: RoutingObject[],
  namespace: string,
  { classes = [], labels }: { classes?: RoutingObject[]; labels?: Record<string, string> },
): (GatewayChoice & { gateway: ObjectRef })[] {
  const choices = gateways.map((gateway) => {
    const { name, namespace: there } = refOf(gateway)
    const className = text(record(gateway.spec).gatewayClassName) ?? ''
    const gatewayClass = classes.find(({ metadata }) => metadata.name === className)
    const product = implementationOf(controllerNameOf(gatewayClass))?.product ?? `class ${className}`
    const listeners = listenersOf(gateway).map(
      (one) => `${one.name} at port ${one.port}${one.hostname === undefined ? '' : ` for ${one.hostname}`}`,
    )
    const parents = [{ name, namespace: there, home: namespace }]
    const refused = refusals(
      { namespace, parents, hostnames: [] },
      { gateways: [gateway], namespaceLabels: labels },
    )
    return {
      provider: 'gateway-api' as const,
      gateway: { name, namespace: there },
      description: `Gateway ${there}/${name} (${[product, ...listeners].join('; ')})`,
      ...(refused ? { refused: refused.map(({ why }) => why).join('; ') } : {}),
    }
  })
  return choices.sort((one, other) => Number(one.refused !== undefined) - Number(other.refused !== undefined))
}
