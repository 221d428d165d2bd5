import { UsageError } from '../model/errors.js'
import type { JsonObject } from '../model/values.js'
import { containersOf } from '../rollout/from-deployment.js'
import { mapOf, textOf } from '../rollout/json-fields.js'
import { isObject } from '../rollout/merge.js'
import { selects } from '../rollout/service-values.js'
import { valuesOf, YamlError, yamlDocuments } from './yaml-documents.js'

/** A Deployment that values are to be read from. */
export interface Source {
  deployment: JsonObject
  /** The Service that sends to its pods, where there is one. */
  service?: JsonObject
  /** Other objects beside it, `ConfigMap echo`. */
  others: string[]
}

/**
 * The Deployment of a manifest, several documents or a List. `place` names the text in messages, `name` the Deployment
 * where there are several. Throws UsageError with the line, or what there is to choose from.
 */
export function sourceOfManifest(text: string, place: string, name?: string): Source {
  const objects = objectsOf(text, place)
  const deployments = objects.filter(({ kind }) => kind === 'Deployment')
  const names = deployments.map(nameOf)
  const known = name === undefined ? deployments : deployments.filter((object) => nameOf(object) === name)
  const [deployment, second] = known
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
    throw wrong(
      `${place} has several Deployments${name === undefined ? '' : ` named ${name}`}: ${names.join(', ')}.`,
      name === undefined ? `name one: --from ${place}#${names[0] ?? ''}` : 'leave all but one out',
    )
  }
  const service = serviceOf(deployment, objects)
  const others = objects.filter((object) => object !== deployment && object !== service)
  return { deployment, service, others: others.map((object) => `${textOf(object.kind)} ${nameOf(object)}`) }
}

/** The Service among these that sends to a Deployment's pods. */
export function serviceOf(deployment: JsonObject, objects: JsonObject[]): JsonObject | undefined {
  const labels = mapOf(mapOf(mapOf(mapOf(deployment.spec).template).metadata).labels)
  return objects.find((object) => object.kind === 'Service' && selects(object, labels))
}

/** Throws UsageError unless the Deployment can be read: containers with images, and the one that is asked for. */
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

/** What a Deployment is called, and where it is, if it says. */
export function placeOf(deployment: JsonObject): { name: string; namespace?: string } {
  const { namespace } = mapOf(deployment.metadata)
  return { name: nameOf(deployment), ...(typeof namespace === 'string' ? { namespace } : {}) }
}

/** The name of an object. */
export function nameOf(object: JsonObject): string {
  return textOf(mapOf(object.metadata).name)
}

function objectsOf(text: string, place: string): JsonObject[] {
  let line = 1
  try {
    return yamlDocuments(text).flatMap((document) => {
      line = document.lineOf(document.document.range[0])
      const content = valuesOf(document)
      if (content === null || content === undefined) return []
      if (!isObject(content)) throw new YamlError('it is no object of Kubernetes', line)
      return content.kind === 'List' && Array.isArray(content.items)
        ? content.items.filter(isObject)
        : [content]
    })
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw wrong(`${place} can't be read: line ${error.line}: ${error.message}.`, `correct line ${error.line}`)
  }
}

function wrong(message: string, remedy: string): UsageError {
  return new UsageError(message, { state: 'Nothing was written.', nextSteps: [remedy] })
}
