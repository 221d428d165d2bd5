import { UsageError } from '../../model/errors.js'
import type { JsonObject } from '../../model/values.js'
import { containersOf } from '../../rollout/from-deployment/from-deployment.js'
import type { OldRoutes, ProviderName } from '../../routing/provider.js'
import { protects, scales } from '../../rollout/import/scaling-values.js'
import { mapOf, textOf } from '../../rollout/values/json-fields.js'
import { isObject } from '../../rollout/values/merge.js'
import { selects, takesRequests } from '../../rollout/from-deployment/service-values.js'
import { KUBERNETES_YAML } from '../../lib/yaml/helm-yaml.js'
import { valuesOf, YamlError, yamlDocuments } from '../../lib/yaml/documents.js'

/** A Deployment to read values from. */
export interface Source {
  deployment: JsonObject
  /** The Service that selects its pods, if any. */
  service?: JsonObject
  /** The HorizontalPodAutoscaler of the Deployment, and the PodDisruptionBudget of its pods. */
  autoscaler?: JsonObject
  budget?: JsonObject
  /** Other objects beside it, `ConfigMap echo`. */
  others: string[]
  /** Whether it was read from the cluster and so is running. */
  isRunning?: boolean
  /** The route objects that lead to its Service, by provider. */
  routes?: Record<ProviderName, OldRoutes[]>
  /** Kinds that could not be read: some may belong to the Deployment. */
  unreadable?: string[]
}

/**
 * The Deployment of a manifest (several documents or a List). `place` names the text in messages; `name` and
 * `namespace` choose among several Deployments. Throws UsageError with the line, or with the choices.
 */
export function sourceOfManifest(text: string, place: string, name?: string, namespace?: string): Source {
  const objects = objectsOf(text, place)
  const deployments = objects.filter(({ kind }) => kind === 'Deployment')
  const names = deployments.map(nameOf)
  const named = name === undefined ? deployments : deployments.filter((object) => nameOf(object) === name)
  const [deployment, second] = inNamespace(named, namespace)
  if (deployments.length === 0) {
    const kinds = objects.map((object) => textOf(object.kind)).filter(Boolean)
    throw wrong(
      `${place} has no Deployment${kinds.length > 0 ? `, only ${[...new Set(kinds)].join(', ')}` : ''}.`,
      'give a manifest with a Deployment, or --image and --port in place of --from',
    )
  }
  if (!deployment) {
    throw wrong(`${place} has no Deployment ${name ?? ''}.`, `name one that is there: ${names.join(', ')}`)
  }
  if (second) {
    throw severalDeployments(place, inNamespace(named, namespace), name)
  }
  return withNeighbours(deployment, objects)
}

/**
 * A Deployment with the objects of its namespace that belong to it: its Service (a headless one only if there is no
 * other), autoscaler and disruption budget. All others are only listed.
 */
export function withNeighbours(deployment: JsonObject, objects: JsonObject[]): Source {
  const near = objects.filter((object) => isNear(object, deployment) && belongsTo(object, deployment))
  const ofKind = (kind: string) => near.filter((object) => object.kind === kind)
  const services = ofKind('Service')
  const service = services.find(takesRequests) ?? services[0]
  const [autoscaler] = ofKind('HorizontalPodAutoscaler')
  const [budget] = ofKind('PodDisruptionBudget')
  const used = new Set<JsonObject | undefined>([deployment, service, autoscaler, budget])
  const others = objects.filter((object) => !used.has(object))
  return {
    deployment,
    service,
    autoscaler,
    budget,
    others: others.map((object) => `${textOf(object.kind)} ${nameOf(object)}`),
  }
}

/** Whether a Service or disruption budget selects the Deployment's pods, or an autoscaler scales it. */
export function belongsTo(object: JsonObject, deployment: JsonObject): boolean {
  const labels = mapOf(mapOf(mapOf(mapOf(deployment.spec).template).metadata).labels)
  return (
    (object.kind === 'Service' && selects(object, labels)) ||
    scales(object, nameOf(deployment)) ||
    protects(object, labels)
  )
}

/** Deployments of the namespace; else those without a namespace; else all. */
function inNamespace(deployments: JsonObject[], namespace?: string): JsonObject[] {
  if (namespace === undefined || deployments.length < 2) return deployments
  const there = deployments.filter((object) => namespaceOf(object) === namespace)
  if (there.length > 0) return there
  const anywhere = deployments.filter((object) => namespaceOf(object) === undefined)
  return anywhere.length > 0 ? anywhere : deployments
}

function severalDeployments(place: string, deployments: JsonObject[], name?: string): UsageError {
  const namespaces = new Set(deployments.map(namespaceOf))
  const names = deployments.map((object) => {
    const namespace = namespaceOf(object)
    return namespaces.size > 1 && namespace !== undefined
      ? `${nameOf(object)} (namespace ${namespace})`
      : nameOf(object)
  })
  const isOneName = new Set(deployments.map(nameOf)).size === 1
  const [first] = [...namespaces].filter((namespace) => namespace !== undefined)
  return wrong(
    `${place} has several Deployments${name === undefined ? '' : ` named ${name}`}: ${names.join(', ')}.`,
    !isOneName
      ? `name one: --from ${place}#${nameOf(deployments[0] ?? {})}`
      : namespaces.size > 1
        ? `choose its namespace: -n ${first ?? 'NAMESPACE'}`
        : 'leave all but one out',
  )
}

/** An object without a namespace counts as in the same one. */
function isNear(object: JsonObject, deployment: JsonObject): boolean {
  const [one, other] = [namespaceOf(object), namespaceOf(deployment)]
  return one === undefined || other === undefined || one === other
}

function namespaceOf(object: JsonObject): string | undefined {
  const { namespace } = mapOf(object.metadata)
  return typeof namespace === 'string' ? namespace : undefined
}

/** Throws UsageError unless the Deployment has containers with images and the requested one. */
export function checkDeployment(deployment: JsonObject, place: string, container?: string): void {
  const containers = containersOf(deployment)
  const names = containers.map((each) => textOf(each.name))
  const fields = 'spec.template.spec.containers'
  if (containers.length === 0) {
    throw wrong(`${place}: ${fields} has no container.`, 'give a Deployment with containers')
  }
  if (container !== undefined && !names.includes(container)) {
    throw wrong(
      `${place}: there is no container "${container}".`,
      `name one of its containers: ${names.join(', ')}`,
    )
  }
  for (const [index, each] of containers.entries()) {
    if (textOf(each.name) && textOf(each.image)) continue
    throw wrong(
      `${place}: ${fields}[${index}] has no ${textOf(each.name) ? 'image' : 'name'}.`,
      'correct the manifest',
    )
  }
}

/** A Deployment's name and, if set, namespace. */
export function placeOf(deployment: JsonObject): { name: string; namespace?: string } {
  const namespace = namespaceOf(deployment)
  return { name: nameOf(deployment), ...(namespace === undefined ? {} : { namespace }) }
}

export function nameOf(object: JsonObject): string {
  return textOf(mapOf(object.metadata).name)
}

function objectsOf(text: string, place: string): JsonObject[] {
  let line = 1
  try {
    return yamlDocuments(text, KUBERNETES_YAML).flatMap((document) => {
      line = document.lineOf(document.document.range[0])
      const content = valuesOf(document)
      if (content === null || content === undefined) return []
      if (!isObject(content)) throw new YamlError('it is not a Kubernetes object', line)
      return content.kind === 'List' && Array.isArray(content.items)
        ? content.items.filter(isObject)
        : [content]
    })
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw wrong(
      `${place} cannot be read: line ${error.line}: ${error.message}.`,
      `correct line ${error.line}`,
    )
  }
}

function wrong(message: string, remedy: string): UsageError {
  return new UsageError(message, { state: 'Nothing was written.', nextSteps: [remedy] })
}
