import type { Cause } from '../../../model/results/diagnosis.js'
import { kubectlCommand } from '../../../model/command-line.js'
import { list, record, text } from '../../fields.js'
import { refOf, type RoutingObject } from '../../objects.js'
import { controllerNameOf } from '../gateway/gateways.js'
import { type Implementation, implementationOf, type Unserved } from '../gateway/implementations.js'
import { type GatewayFacts, ownGateways } from './facts.js'

/** Where a rule has the field. */
const HAS: Record<Unserved['field'], (rule: Record<string, unknown>) => boolean> = {
  timeouts: ({ timeouts }) => Object.keys(record(timeouts)).length > 0,
  mirror: (rule) => mirrorsOf(rule).length > 0,
  'share of a mirror': (rule) =>
    mirrorsOf(rule).some(({ percent, fraction }) => percent !== undefined || fraction !== undefined),
}

/** The value that makes the chart write the field. */
const SETTING: Record<Unserved['field'], string> = {
  timeouts: 'routes.options.timeout',
  mirror: 'routes.shadow (canary start --shadow)',
  'share of a mirror': 'a share of the shadow below 100 %',
}

/** A field of the HTTPRoute that the implementation accepts and does not serve. */
export function unservedField({ gateway }: GatewayFacts): Cause | undefined {
  const { route } = gateway
  if (!route) return undefined
  const rules = list(record(route.spec).rules)
  for (const { product, unserved = [] } of implementationsOf(gateway)) {
    const found = unserved.find(({ field }) => rules.some(HAS[field]))
    if (!found) continue
    const { name, namespace } = refOf(route)
    return {
      id: 'field-not-served',
      title: `the HTTPRoute has ${found.field}, and ${product} ${found.effect}`,
      evidence: [
        'its status says nothing of it: the field is valid, and a part that implementations may leave out',
      ],
      remedy: [
        kubectlCommand(['get', 'httproute', name, '-o', 'yaml'], namespace),
        `leave ${SETTING[found.field]} out, with its entry in routes.gateway.features`,
      ],
      certainty: 'certain',
    }
  }
  return undefined
}

function implementationsOf(snapshot: GatewayFacts['gateway']): Implementation[] {
  const classes = ownGateways(snapshot).map(({ gateway }) => text(record(gateway.spec).gatewayClassName))
  const found = (snapshot.classes ?? []).filter(({ metadata }) => classes.includes(metadata.name))
  return found.flatMap((one: RoutingObject) => implementationOf(controllerNameOf(one)) ?? [])
}

function mirrorsOf({ filters }: Record<string, unknown>): Record<string, unknown>[] {
  return list(filters).flatMap(({ requestMirror }) => (requestMirror ? [record(requestMirror)] : []))
}
