import { type AppPlace, canaryCommand, commented, kubectlCommand } from '../../model/command-line.js'
import type { JsonObject } from '../../model/values.js'
import { listOf, mapOf, textOf } from '../../rollout/values/json-fields.js'
import { descriptionFor } from '../../routing/select.js'
import { nameOf, type Source } from './manifest-source.js'

/** Where the release is to be, and how its commands are called. */
interface ReleaseBeside {
  app: string
  namespace: string
  /** The values file. */
  file: string
  /** What canary commands name: no namespace where a canary.yaml beside says it. */
  place: AppPlace
  source: Source
  /** Number of each port of the pods, by its name in the Deployment. */
  portOf: (name: string) => number | undefined
}

/**
 * Why a release of this name cannot stand beside the Deployment in one namespace, a sentence: it would bring a Service that
 * is there, or its Service would send to the old pods too. Undefined where it can.
 */
export function whyInTheWay(app: string, namespace: string, source: Source): string | undefined {
  const { deployment, service, isRunning } = source
  const there = textOf(mapOf(deployment.metadata).namespace) || namespace
  const labels = mapOf(mapOf(mapOf(mapOf(deployment.spec).template).metadata).labels)
  const hasService = service !== undefined && nameOf(service) === app
  if (there !== namespace || (!hasService && labels.app !== app)) return undefined
  const why = hasService
    ? `the release brings a Service ${app}, and Helm installs over no object of others`
    : `the release's Service would send to all pods with app=${app}, those of the Deployment too`
  return isRunning
    ? `Give the release another name than ${app}: ${why}. The Service and the Deployment go on serving until the release has taken over.`
    : `Where the Deployment runs already, give the release another name than ${app}: ${why}. ${canaryCommand(['init', `${app}-app`, '--from', `deployment/${nameOf(deployment)}`, '-n', namespace])} says the way over without downtime.`
}

/**
 * The commands that bring a running Deployment over to a release beside it, in their order, none of them taking away what
 * serves before the other is proven: the release on a domain of its own, its routes before the old ones, the old ones gone,
 * the Service inside of the cluster, the old pods last.
 */
export function wayOver(release: ReleaseBeside): string[] {
  const { app, namespace, file, place, source } = release
  const { deployment, service, routes = [] } = source
  const there = textOf(mapOf(deployment.metadata).namespace) || namespace
  const old = nameOf(deployment)
  const { beside, serving, behind, replaced } = descriptionFor().handover(app, routes)
  return [
    commented(
      canaryCommand(['install', app, 'v1', '-f', file, '--set', beside], place),
      'beside the old pods, for a domain that nobody asks; proven',
    ),
    ...behind.map(({ object, namespace: at, patch }) =>
      commented(
        kubectlCommand(['patch', ...object.split(' '), '--type', 'merge', '-p', patch], at),
        'behind the routes to come',
      ),
    ),
    commented(
      canaryCommand(['upgrade', app, '--set', serving, '--allow-overlap', '--yes'], place),
      'the requests move over; proven',
    ),
    ...replaced.map(({ object, namespace: at }) =>
      commented(kubectlCommand(['delete', ...object.split(' ')], at), 'takes no requests any more'),
    ),
    ...(replaced.length > 0 ? [canaryCommand(['verify', app], place)] : []),
    ...(service && there === namespace
      ? [
          commented(
            kubectlCommand(
              ['patch', 'service', nameOf(service), '--type', 'json', '-p', servicePatch(release, service)],
              there,
            ),
            'clients in the cluster: to the new pods',
          ),
        ]
      : []),
    commented(
      kubectlCommand(['scale', 'deployment', old, '--replicas', 0], there),
      `back with --replicas ${replicasOf(deployment)}`,
    ),
    commented(kubectlCommand(['delete', 'deployment', old], there), 'once nobody misses it'),
  ]
}

/** The old Service with the release's pods, its ports by number: the names of the old containers' ports are gone. */
function servicePatch({ app, portOf }: ReleaseBeside, service: JsonObject): string {
  const ports = listOf(mapOf(service.spec).ports).flatMap(({ targetPort }, index) => {
    const number = typeof targetPort === 'string' ? portOf(targetPort) : undefined
    return number === undefined
      ? []
      : [{ op: 'replace', path: `/spec/ports/${index}/targetPort`, value: number }]
  })
  return JSON.stringify([...ports, { op: 'replace', path: '/spec/selector', value: { app } }])
}

function replicasOf(deployment: JsonObject): number {
  const { replicas } = mapOf(deployment.spec)
  return typeof replicas === 'number' ? replicas : 1
}
