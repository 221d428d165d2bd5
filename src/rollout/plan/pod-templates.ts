import { isDeepStrictEqual } from 'node:util'
import type { Json, JsonObject } from '../../model/values.js'
import { listOf, mapOf, textOf } from '../values/json-fields.js'
import { isObject } from '../values/merge.js'
import { plainContainer, plainPodSpec } from '../deployment/server-defaults.js'

/** Pod templates of the Deployments by the version their pods are labelled with. */
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

/** Whether Kubernetes leaves the pods of the one template as they are when the other takes its place. */
export function makesSamePods(one: JsonObject, other: JsonObject): boolean {
  return isDeepStrictEqual(one, other) || isDeepStrictEqual(settled(one), settled(other))
}

/** A pod template without what holds anyway, so that two of them differ only where their pods do. */
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

/** What Kubernetes takes where a container says nothing. */
function pullPolicyOf(image: string): string {
  const [name = '', digest] = (image.split('/').at(-1) ?? '').split('@')
  const tag = name.split(':')[1] ?? (digest === undefined ? 'latest' : '')
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}

/** Fields of which an empty map is not the same as none: Kubernetes makes other pods. */
function empties(object: JsonObject, fields: string[]): Record<string, Json> {
  const empty = fields.filter((field) => {
    const value = object[field]
    return isObject(value) && Object.keys(value).length === 0
  })
  return Object.fromEntries(empty.map((field) => [field, {}]))
}
