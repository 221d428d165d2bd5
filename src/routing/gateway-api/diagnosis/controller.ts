import { canaryCommand, commented, kubectlCommand } from '../../../model/command-line.js'
import type { Cause } from '../../../model/results/diagnosis.js'
import { countOf, failing, refText } from '../../../verification/diagnosis/facts.js'
import { number, record, text } from '../../fields.js'
import { refOf, type RoutingObject } from '../../objects.js'
import { askingOf } from '../gateway/attachment.js'
import {
  conditionsOf,
  describeCondition,
  isParent,
  listenersOf,
  namedListeners,
  refusedListeners,
  unservedClass,
} from '../gateway/gateways.js'
import { releaseProblem } from '../releases.js'
import {
  backendsOf,
  badPatterns,
  type GatewayFacts,
  type GatewayRule,
  ownGateways,
  routeConditions,
} from './facts.js'

/** Causes in what serves the Gateways: the CRDs, the controller, the listeners, and neighbours that hold it up. */
export const CONTROLLER: GatewayRule[] = [
  notInstalled,
  classNotAccepted,
  notProgrammed,
  listenerRefused,
  frozenByNeighbour,
  controllerBehind,
  otherRelease,
]

function notInstalled({ gateway, name, namespace }: GatewayFacts): Cause | undefined {
  if (gateway.isInstalled !== false) return undefined
  return {
    id: 'gateway-api-missing',
    title: 'the cluster does not know HTTPRoutes: the Gateway API is not installed',
    evidence: ['its definition httproutes.gateway.networking.k8s.io is not served'],
    remedy: [canaryCommand(['doctor', name], { app: name, namespace })],
    certainty: 'certain',
  }
}

function classNotAccepted({ gateway }: GatewayFacts): Cause | undefined {
  const { classes } = gateway
  if (!classes) return undefined
  for (const one of ownGateways(gateway)) {
    const className = text(record(one.gateway.spec).gatewayClassName)
    const found = classes.find(({ metadata }) => metadata.name === className)
    const unserved = unservedClass(one.gateway, found)
    if (!unserved) continue
    const { conditions } = unserved
    const controller = text(record(found?.spec).controllerName)
    return {
      id: 'gateway-class-not-accepted',
      title: `no controller serves GatewayClass ${className} of ${refText('Gateway', refOf(one.gateway))}`,
      evidence: found
        ? [
            `it is for controller ${controller}`,
            ...(conditions.length > 0 ? conditions.map(describeCondition) : ['it has no condition']),
          ]
        : ['there is no such GatewayClass'],
      remedy: [
        commented(kubectlCommand(['get', 'gatewayclasses', '-o', 'yaml']), 'which are accepted?'),
        'start the controller of the implementation: without it no change of routes reaches a proxy',
      ],
      certainty: 'certain',
    }
  }
  return undefined
}

function notProgrammed({ gateway }: GatewayFacts): Cause | undefined {
  for (const { gateway: one } of ownGateways(gateway)) {
    const failed = conditionsOf(record(one.status).conditions).filter(
      ({ type, status }) => ['Accepted', 'Programmed'].includes(type) && status === 'False',
    )
    if (failed.length === 0) continue
    const { name, namespace } = refOf(one)
    return {
      id: 'gateway-not-programmed',
      title: `${refText('Gateway', { name, namespace })} is not ready to take requests`,
      evidence: failed.map(describeCondition),
      remedy: [kubectlCommand(['describe', 'gateway', name], namespace)],
      certainty: 'likely',
    }
  }
  return undefined
}

function listenerRefused({ gateway }: GatewayFacts): Cause | undefined {
  for (const { gateway: one, parent } of ownGateways(gateway)) {
    const named = namedListeners(one, parent)
    const bad = refusedListeners(one, named)
    if (bad.length === 0 || bad.length < named.length) continue
    const { name, namespace } = refOf(one)
    const rivals = (gateway.gateways ?? []).filter((other) => other !== one && sharesPort(other, one))
    return {
      id: 'listener-refused',
      title: `no listener of ${refText('Gateway', { name, namespace })} that the app names serves`,
      evidence: [
        ...bad,
        ...rivals.map((rival) => `${refText('Gateway', refOf(rival))} has a listener at the same port`),
      ],
      remedy: [
        kubectlCommand(['describe', 'gateway', name], namespace),
        commented(kubectlCommand(['get', 'gateways', '-A', '-o', 'yaml']), 'two Gateways at one port?'),
      ],
      certainty: 'certain',
    }
  }
  return undefined
}

function sharesPort(one: RoutingObject, other: RoutingObject): boolean {
  const ports = listenersOf(one).map(({ port }) => port)
  return listenersOf(other).some(({ port }) => ports.includes(port))
}

/** Routes of others that Envoy refuses: it takes no change of the listener's routes then, of nobody. */
function frozenByNeighbour(facts: GatewayFacts): Cause | undefined {
  const { gateway, proof } = facts
  if (!proof || !gateway.otherRoutes || !isBehind(facts)) return undefined
  const own = ownGateways(gateway).map((one) => one.gateway)
  for (const other of gateway.otherRoutes) {
    const isNear = askingOf(other).parents.some((parent) => own.some((one) => isParent(one, parent)))
    const why = isNear ? refusedByEnvoy(other) : undefined
    if (why === undefined) continue
    const { name, namespace: there } = refOf(other)
    return {
      id: 'neighbour-froze-listener',
      title: `${refText('HTTPRoute', { name, namespace: there })} on the same Gateway may keep every change of routes from the proxies`,
      evidence: [why, 'a proxy that refuses one route keeps all routes of the listener as they were'],
      remedy: [
        commented(kubectlCommand(['get', 'httproute', name, '-o', 'yaml'], there), 'whose is it?'),
        'have its owner correct or remove it: the routes of all others move again then',
      ],
      certainty: 'likely',
    }
  }
  return undefined
}

/** Answers through other routes than the wanted ones. */
function isBehind(facts: GatewayFacts): boolean {
  return (
    countOf(facts, 'foreign-routes', 'no-routes-header', 'no-route') > 0 ||
    (facts.proof?.convergence === 'fingerprint' &&
      facts.proof.convergedMs === undefined &&
      failing(facts).length > 0)
  )
}

function refusedByEnvoy(route: RoutingObject): string | undefined {
  const [pattern] = badPatterns(route)
  if (pattern !== undefined) return `it has a regular expression that is none: ${pattern}`
  const backends = backendsOf(route).filter(({ isMirror }) => !isMirror)
  const rule = backends.find(({ rule: at }) =>
    backends.every(({ rule: other, weight }) => other !== at || weight === 0),
  )
  return rule && `the weights of its rule ${rule.rule} sum to 0`
}

/** A status about an older generation explains what the answers show; it proves nothing. */
function controllerBehind(facts: GatewayFacts): Cause | undefined {
  const { gateway, proof, texts } = facts
  const { route } = gateway
  const generation = number(route?.metadata.generation)
  if (!proof || !route || generation === undefined) return undefined
  const conditions = routeConditions(route)
  const old = conditions.filter(({ observedGeneration = generation }) => observedGeneration < generation)
  if (old.length === 0 && (conditions.length > 0 || ownGateways(gateway).length === 0)) return undefined
  return {
    id: 'controller-behind',
    title: `${texts.product} has not looked at the HTTPRoute as it is now`,
    evidence: [
      conditions.length === 0
        ? 'the HTTPRoute has no status'
        : `its status is about generation ${old[0]?.observedGeneration}, and generation ${generation} is there`,
    ],
    remedy: [commented(`${texts.controllerLogs} --tail 50`, 'does it run?')],
    certainty: 'likely',
  }
}

function otherRelease({ gateway, proof }: GatewayFacts): Cause | undefined {
  const { release } = gateway
  const problem = release && releaseProblem(release.release)
  if (!proof || problem === undefined) return undefined
  return {
    id: 'gateway-api-release',
    title: `the Gateway API's CRDs are of release ${release?.release}`,
    evidence: [`${problem}; fields that it does not know are dropped or refused`],
    remedy: ['see docs/gateways.md for the releases that the chart was validated against'],
    certainty: 'possible',
  }
}
