import type { ResourceType } from './objects.js'

/** One of several reasons why a request failed, as in `details.causes`. */
export interface StatusCause {
  reason: string
  message: string
  field: string
}

export interface StatusDetails {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: StatusCause[]
  retryAfterSeconds?: number
}

/** The body of every failed request. */
export interface StatusBody {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: Record<string, never>
  status: 'Failure'
  message: string
  reason?: string
  details?: StatusDetails
  code: number
}

/** A request the API server refuses, with the Status object to answer. */
export class ApiError extends Error {
  readonly body: StatusBody

  constructor(code: number, reason: string | undefined, message: string, details?: StatusDetails) {
    super(message)
    this.name = 'ApiError'
    this.body = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason === undefined ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    }
  }
}

type Named = Pick<ResourceType, 'group' | 'plural' | 'kind'>

/** `services`, `routetables.gateway.solo.io`. */
function qualifiedPlural(resource: Named): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`
}

/** `Service`, `Deployment.apps`. */
function qualifiedKind(resource: Named): string {
  return resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`
}

function details(resource: Named, name: string, kind = resource.plural): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind,
  }
}

export function notFound(resource: Named, name: string): ApiError {
  const message = `${qualifiedPlural(resource)} "${name}" not found`
  return new ApiError(404, 'NotFound', message, details(resource, name))
}

/** For paths of a served group without this resource. */
export function noSuchResource(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', {})
}

export function alreadyExists(resource: Named, name: string): ApiError {
  const message = `${qualifiedPlural(resource)} "${name}" already exists`
  return new ApiError(409, 'AlreadyExists', message, details(resource, name))
}

/** The object has changed since the client read it. */
export function modified(resource: Named, name: string): ApiError {
  const cause = 'the object has been modified; please apply your changes to the latest version and try again'
  const message = `Operation cannot be fulfilled on ${qualifiedPlural(resource)} "${name}": ${cause}`
  return new ApiError(409, 'Conflict', message, details(resource, name))
}

/** A precondition of a deletion failed. */
export function preconditionFailed(resource: Named, name: string, cause: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualifiedKind(resource)} "${name}": ${cause}`
  return new ApiError(409, 'Conflict', message, details(resource, name, resource.kind))
}

/** 422 with one cause or several, joined like Kubernetes does. */
export function invalid(resource: Named, name: string, causes: StatusCause[]): ApiError {
  const sentences = causes.map((cause) => `${cause.field}: ${cause.message}`)
  const all = sentences.length === 1 ? sentences[0] : `[${sentences.join(', ')}]`
  const message = `${qualifiedKind(resource)} "${name}" is invalid: ${all}`
  return new ApiError(422, 'Invalid', message, { ...details(resource, name, resource.kind), causes })
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message)
}

export function forbidden(
  resource: Named,
  name: string | undefined,
  cause: string,
  causes?: StatusCause[],
): ApiError {
  const subject = name === undefined ? qualifiedPlural(resource) : `${qualifiedPlural(resource)} "${name}"`
  return new ApiError(403, 'Forbidden', `${subject} is forbidden: ${cause}`, {
    ...details(resource, name ?? ''),
    ...(causes ? { causes } : {}),
  })
}

export function unsupportedMediaType(accepted: string[]): ApiError {
  return new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )
}

export function methodNotAllowed(): ApiError {
  return new ApiError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  )
}
