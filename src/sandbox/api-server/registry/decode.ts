import type { KubeObject, ResourceType } from '../objects.js'
import { inspect } from '../schema/inspect.js'
import { schemaOf } from '../schema/lookup.js'
import { customResourceCause, decodingError, fieldPath, typedPatchError } from '../schema/wording.js'
import { ApiError, badRequest, invalid } from '../status.js'
import { apiVersionOf, type WriteRequest } from './context.js'

/**
 * A client's body as an object of this kind: types checked, unknown fields dropped (an error with
 * `fieldValidation=Strict`, a warning otherwise). Throws 400; for custom kinds 422.
 */
export function decodeObject(sent: Record<string, any>, request: WriteRequest): KubeObject {
  const { resource, query, warnings } = request
  checkKind(sent, resource)
  const { value, problems } = inspect(sent, schemaOf(resource))
  const unknown = problems
    .filter(({ kind }) => kind === 'unknown-field')
    .map(({ path }) => `unknown field "${fieldPath(path)}"`)
  const wrong = problems.filter(({ kind }) => kind !== 'unknown-field')
  if (wrong.length > 0) {
    const { name = '' } = (sent.metadata ?? {}) as { name?: string }
    if (resource.custom) throw invalid(resource, name, wrong.map(customResourceCause))
    throw undecodable(resource, decodingError(wrong[0]!))
  }
  if (unknown.length > 0) {
    if (query.get('fieldValidation') === 'Strict') {
      throw undecodable(resource, `strict decoding error: ${unknown.join(', ')}`)
    }
    if (query.get('fieldValidation') !== 'Ignore') warnings.push(...unknown)
  }
  const problem = resource.kind === 'Lease' ? microTimeProblem(value.spec ?? {}) : undefined
  if (problem) throw undecodable(resource, problem)
  return { ...value, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: value.metadata ?? {} }
}

const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/

/** Times of a Lease have exactly six digits after the second. */
function microTimeProblem(spec: Record<string, unknown>): string | undefined {
  for (const field of ['acquireTime', 'renewTime']) {
    const time = spec[field]
    if (typeof time !== 'string' || (MICRO_TIME.test(time) && !Number.isNaN(Date.parse(time)))) continue
    return `parsing time ${JSON.stringify(time)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse it`
  }
  return undefined
}

/** Brings an object that the server built itself into its stored form. */
export function normaliseObject(object: KubeObject, resource: ResourceType): KubeObject {
  const { value, problems } = inspect(object, schemaOf(resource))
  const outOfRange = problems.filter(({ kind }) => kind !== 'unknown-field')
  if (outOfRange.length > 0)
    throw invalid(resource, object.metadata.name, outOfRange.map(customResourceCause))
  return value as KubeObject
}

/** The configuration of a server-side apply. Throws 500 if it does not fit the schema, like the real server. */
export function decodeApplied(sent: unknown, request: WriteRequest): KubeObject {
  const { resource } = request
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) {
    throw badRequest('the applied configuration must be an object')
  }
  const applied = sent as KubeObject
  checkKind(applied, resource)
  applied.metadata ??= { name: request.name ?? '' }
  if (applied.metadata.managedFields) throw badRequest('metadata.managedFields must be nil')
  const { problems } = inspect(applied, schemaOf(resource))
  const misfits = problems.filter(({ kind }) => kind === 'unknown-field' || kind === 'wrong-type')
  if (misfits.length > 0) {
    const { namespace = '', name = '' } = applied.metadata
    const identity = `${namespace}/${name}; ${apiVersionOf(resource)}, Kind=${resource.kind}`
    const texts = misfits.map(typedPatchError)
    const text = texts.length === 1 ? texts[0] : `errors:\n${texts.map((line) => `  ${line}`).join('\n')}`
    throw new ApiError(500, undefined, `failed to create typed patch object (${identity}): ${text}`)
  }
  return applied
}

function checkKind(sent: Record<string, any>, resource: ResourceType): void {
  const { kind, version, group } = resource
  const expected = apiVersionOf(resource)
  const { kind: sentKind = kind, apiVersion: sentVersion = expected } = sent as Partial<KubeObject>
  if (sentKind !== kind) {
    const target = `${group === '' ? 'core' : group.split('.')[0]}.${kind}`
    const problem = `converting (${sentVersion}.${sentKind}) to (${target}): unknown conversion`
    throw badRequest(`${sentKind} in version "${version}" cannot be handled as a ${kind}: ${problem}`)
  }
  if (sentVersion !== expected) {
    const problem = `does not match the expected API version (${expected})`
    throw badRequest(`the API version in the data (${sentVersion}) ${problem}`)
  }
}

function undecodable({ kind, version }: ResourceType, problem: string): ApiError {
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${problem}`)
}
