import { type AppPlace, canaryCommand, commented, kubectlCommand } from '../../model/command-line.js'
import type { JsonObject } from '../../model/values.js'
import { listOf, mapOf, textOf } from '../../rollout/values/json-fields.js'
import type { RoutingDescription } from '../../routing/provider.js'
import { nameOf, type Source } from './manifest-source.js'

/** The release that will run beside the Deployment. */
interface ReleaseBeside {
  app: string
  namespace: string
  /** The values file. */
  file: string
  /** The place that canary commands name; without a namespace if a canary.yaml in the working directory has it. */
  place: AppPlace
  source: Source
  provider: RoutingDescription
  /** Port number by its name in the Deployment. */
  portOf: (name: string) => number | undefined
}

/**
 * Why a release of this name cannot run beside the Deployment in its namespace, a sentence: its Service exists already,
 * or would select the old pods too. Undefined if it can.
 */
export function whyInTheWay(
  { app, namespace, provider }: Pick<ReleaseBeside, 'app' | 'namespace' | 'provider'>,
  source: Source,
): string | undefined {
  const { deployment, isRunning } = source
  const there = textOf(mapOf(deployment.metadata).namespace) || namespace
  const labels = mapOf(mapOf(mapOf(mapOf(deployment.spec).template).metadata).labels)
  const taken = takenName(app, namespace, provider, source)
  if (there !== namespace || (taken === undefined && labels.app !== app)) return undefined
  const why = taken
    ? `the release brings ${taken} ${app}, and Helm does not overwrite existing objects`
    : `the release's Service would send to all pods with app=${app}, those of the Deployment too`
  return isRunning
    ? `Give the release another name than ${app}: ${why}. The Service and the Deployment go on serving until the release has taken over.`
    : `Where the Deployment runs already, give the release another name than ${app}: ${why}. ${canaryCommand(['init', `${app}-app`, '--from', `deployment/${nameOf(deployment)}`, '-n', namespace])} prints the steps without downtime.`
}

/** The kind of the release's object whose name is taken already. */
function takenName(
  app: string,
  namespace: string,
  { hasAppService, name, texts }: RoutingDescription,
  { service, routes }: Source,
): string | undefined {
  if (hasAppService && service !== undefined && nameOf(service) === app) return 'a Service'
  const isTaken = (routes?.[name] ?? []).some((one) => one.name === app && one.namespace === namespace)
  return isTaken && !hasAppService ? `its ${texts.route}` : undefined
}

/**
 * The commands that move a running Deployment to a release beside it, in order; nothing that serves is removed before
 * its replacement is verified: the release on its own domain, its routes before the old ones, the old routes removed,
 * the Service inside the cluster, the old pods last.
 */
export function wayOver(release: ReleaseBeside): string[] {
  const { app, namespace, file, place, source, provider } = release
  const { deployment, service, routes } = source
  const there = textOf(mapOf(deployment.metadata).namespace) || namespace
  const old = nameOf(deployment)
  const { beside, serving, behind, replaced } = provider.handover(app, routes?.[provider.name] ?? [])
  return [
    commented(
      canaryCommand(['install', app, 'v1', '-f', file, ...beside], place),
      'beside the old pods, on an unused domain; verified',
    ),
    ...behind,
    commented(
      canaryCommand(['upgrade', app, '--set', serving, '--allow-overlap', '--yes'], place),
      'moves the requests; verified',
    ),
    ...replaced.map(({ object, namespace: at }) =>
      commented(kubectlCommand(['delete', ...object.split(' ')], at), 'no longer gets requests'),
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

/** Points the old Service at the release's pods, ports by number: the old containers' port names are gone. */
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
