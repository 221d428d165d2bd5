import { type Collect, required } from '../admission/crd-rules.js'
import type { KubeObject, ResourceType } from '../objects.js'
import { now } from '../store.js'
import type { OpenApiSchema } from './open-api.js'

interface DefinedVersion {
  name: string
  served: boolean
  storage: boolean
  schema?: { openAPIV3Schema?: OpenApiSchema }
  subresources?: { status?: object; scale?: object }
}

/** The schema of a definition that the sandbox made for a controller to watch. */
const ANYTHING: OpenApiSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

/** The kind that a CustomResourceDefinition makes; undefined if it serves no version of it. */
export function kindOfDefinition({ spec }: KubeObject): ResourceType | undefined {
  const { group, names, scope } = spec
  const all = spec.versions as DefinedVersion[]
  const served = all
    .filter((version) => version.served)
    .toSorted((a, b) => Number(b.storage) - Number(a.storage))
  const [preferred, ...others] = served
  if (!preferred) return undefined
  return {
    group,
    version: preferred.name,
    olderVersions: others.map(({ name }) => name),
    kind: names.kind,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    namespaced: scope === 'Namespaced',
    custom: true,
    subresources: served.some(({ subresources }) => subresources?.status) ? ['status'] : [],
    schemas: Object.fromEntries(
      served.map(({ name, schema }) => [name, schema?.openAPIV3Schema ?? ANYTHING]),
    ),
  }
}

/** The API server's defaults of a CustomResourceDefinition. Changes the object in place. */
export function defaultDefinition({ spec }: KubeObject): void {
  spec.conversion ??= { strategy: 'None' }
  const { names } = spec
  if (!names?.kind) return
  names.singular ??= names.kind.toLowerCase()
  names.listKind ??= `${names.kind}List`
}

/** The state of a new CustomResourceDefinition: served at once. */
export function definitionStatus({ spec }: KubeObject): object {
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    reason,
    message,
    lastTransitionTime: now(),
  })
  const stored = (spec.versions as DefinedVersion[]).find(({ storage }) => storage)
  return {
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    acceptedNames: spec.names,
    storedVersions: stored ? [stored.name] : [],
  }
}

/** The rules of a CustomResourceDefinition without which it could not be served. */
export function checkDefinition({ metadata, spec = {} }: KubeObject, collect: Collect): void {
  const { group, names = {}, scope, versions = [] } = spec
  for (const [field, value] of Object.entries({ group, scope }))
    if (!value) required(collect, `spec.${field}`)
  for (const field of ['kind', 'plural']) if (!names[field]) required(collect, `spec.names.${field}`)
  const invalidValue = (field: string, value: unknown, message: string) =>
    collect('FieldValueInvalid', field, `Invalid value: ${JSON.stringify(value)}: ${message}`)
  if (group && !String(group).includes('.'))
    invalidValue('spec.group', group, 'should be a domain with at least one dot')
  if (group && names.plural && metadata.name !== `${names.plural}.${group}`)
    invalidValue('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')
  const all = versions as DefinedVersion[]
  if (all.filter(({ storage }) => storage).length !== 1)
    invalidValue(
      'spec.versions',
      all.map(({ name }) => name),
      'must have exactly one version marked as storage version',
    )
  all.forEach(({ schema }, index) => {
    if (!schema?.openAPIV3Schema)
      collect(
        'FieldValueRequired',
        `spec.versions[${index}].schema.openAPIV3Schema`,
        'Required value: schemas are required',
      )
  })
}
