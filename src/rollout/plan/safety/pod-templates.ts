import { isDeepStrictEqual } from 'node:util'
import type { Json, JsonObject } from '../../../model/values.js'
import { listOf, mapOf, textOf } from '../../values/json-fields.js'
import { isObject } from '../../values/merge.js'
import { plainContainer, plainPodSpec } from '../../from-deployment/server-defaults.js'

/** Pod templates of the Deployments, by the version in their pods' labels. */
export function podTemplates(objects: JsonObject[]): Map<string, JsonObject> {
  const templates = new Map<string, JsonObject>()
  for (const { kind, spec } of objects) {
    const template = kind === 'Deployment' && isObject(spec) ? spec.template : undefined
    const metadata = isObject(template) ? template.metadata : undefined
    const labels = isObject(metadata) ? metadata.labels : undefined
    const version = isObject(labels) ? labels.version : undefined
    if (isObject(template) && typeof version === 'string') templates.set(version, template)
  }
  return templates
}

/** Whether Kubernetes keeps the pods when one template replaces the other. */
export function makesSamePods(one: JsonObject, other: JsonObject): boolean {
  return isDeepStrictEqual(one, other) || isDeepStrictEqual(settled(one), settled(other))
}

/** A pod template without defaults, so that two differ only where their pods do. */
export function settled(template: JsonObject): JsonObject {
  const spec = mapOf(template.spec)
  const lists = ['containers', 'initContainers'].filter((key) => Array.isArray(spec[key]))
  const containers = lists.map((key) => [key, listOf(spec[key]).map(settledContainer)] as const)
  const plain = { ...plainPodSpec(spec), ...empties(spec, ['affinity', 'dnsConfig']) }
  return { ...template, spec: { ...plain, ...Object.fromEntries(containers) } }
}

function settledContainer(container: JsonObject): JsonObject {
  const policy = container.imagePullPolicy ?? pullPolicyOf(textOf(container.image))
  const kept = empties(container, ['securityContext', 'lifecycle'])
  return { ...plainContainer(container), ...kept, imagePullPolicy: policy }
}

/** Kubernetes' default pull policy for an image. */
function pullPolicyOf(image: string): string {
  const [name = '', digest] = (image.split('/').at(-1) ?? '').split('@')
  const tag = name.split(':')[1] ?? (digest === undefined ? 'latest' : '')
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}

/** Fields where an empty map differs from a missing one: Kubernetes makes other pods. */
function empties(object: JsonObject, fields: string[]): Record<string, Json> {
  const empty = fields.filter((field) => {
    const value = object[field]
    return isObject(value) && Object.keys(value).length === 0
  })
  return Object.fromEntries(empty.map((field) => [field, {}]))
}
