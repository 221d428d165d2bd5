import { shellWord } from '../../lib/shell-word.js'
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
  /** Flags of every canary command: ` -n shops --kube-context test`. */
  where: string
  kubeContext?: string
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
    : `Where the Deployment runs already, give the release another name than ${app}: ${why}. canary init ${app}-app --from deployment/${nameOf(deployment)} -n ${namespace} says the way over without downtime.`
}

/**
 * The commands that bring a running Deployment over to a release beside it, in their order, none of them taking away what
 * serves before the other is proven: the release on a domain of its own, its routes before the old ones, the old ones gone,
 * the Service inside of the cluster, the old pods last.
 */
export function wayOver(release: ReleaseBeside): string[] {
  const { app, namespace, file, where, source } = release
  const { deployment, service, routes = [] } = source
  const there = textOf(mapOf(deployment.metadata).namespace) || namespace
  const kubectl = (verb: string, rest = '', at = there) =>
    `kubectl ${verb} -n ${at}${release.kubeContext === undefined ? '' : ` --context ${shellWord(release.kubeContext)}`}${rest}`
  const old = nameOf(deployment)
  const { beside, serving, behind, replaced } = descriptionFor().handover(app, routes)
  return [
    `canary install ${app} v1 -f ${shellWord(file)}${where} --set ${shellWord(beside)}    (beside the old pods, for a domain that nobody asks; proven)`,
    ...behind.map(
      ({ object, namespace: at, patch }) =>
        `${kubectl(`patch ${object}`, ` --type merge -p ${shellWord(patch)}`, at)}    (behind the routes to come)`,
    ),
    `canary upgrade ${app}${where} --set ${serving} --allow-overlap --yes    (the requests move over; proven)`,
    ...replaced.map(
      ({ object, namespace: at }) => `${kubectl(`delete ${object}`, '', at)}    (takes no requests any more)`,
    ),
    ...(replaced.length > 0 ? [`canary verify ${app}${where}`] : []),
    ...(service && there === namespace
      ? [
          `${kubectl(`patch service ${nameOf(service)}`, ` --type json -p ${shellWord(servicePatch(release, service))}`)}    (clients in the cluster: to the new pods)`,
        ]
      : []),
    `${kubectl(`scale deployment ${old}`, ' --replicas 0')}    (back with --replicas ${replicasOf(deployment)})`,
    `${kubectl(`delete deployment ${old}`)}    (once nobody misses it)`,
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
