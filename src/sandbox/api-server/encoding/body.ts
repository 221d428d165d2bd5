import type { ResourceType } from '../objects.js'
import { decodeProtobuf } from './protobuf.js'
import { badRequest, unsupportedMediaType } from '../status.js'

const OBJECT_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

/** A client's body before decoding. */
export interface RequestBody {
  /** Without parameters; empty if the client sent none. */
  contentType: string
  data: Buffer
}

/**
 * The object of a create or update. Throws 415 for other formats, 400 for malformed ones. A body without a type is
 * refused, although the real server reads it as JSON: a web page can send one anywhere.
 */
export async function readObject(body: RequestBody, expectedKind: string): Promise<Record<string, any>> {
  const type = body.contentType
  if (!OBJECT_TYPES.includes(type)) throw unsupportedMediaType(OBJECT_TYPES)
  if (type === 'application/vnd.kubernetes.protobuf') {
    return readProtobuf(body.data, expectedKind)
  }
  const text = body.data.toString()
  const object = type === 'application/yaml' ? await parseYaml(text) : parseJson(text, expectedKind)
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    throw unrecognised(expectedKind, 'json: cannot unmarshal the value into an object')
  }
  return object as Record<string, any>
}

function readProtobuf(data: Buffer, expectedKind: string): Record<string, any> {
  let object
  try {
    object = decodeProtobuf(data)
  } catch (error) {
    throw unrecognised(expectedKind, (error as Error).message)
  }
  // Clients show this text, so it says that the limit is the sandbox's.
  if (!object) throw badRequest(`the sandbox cannot read a ${expectedKind} in protobuf; send it as JSON`)
  return object
}

/** DeleteOptions: from the body, or from the query without one. */
export async function readDeleteOptions(
  body: RequestBody,
  query: URLSearchParams,
): Promise<Record<string, any>> {
  if (body.data.length > 0) return readObject(body, 'DeleteOptions')
  const fromQuery: Record<string, unknown> = {}
  const policy = query.get('propagationPolicy')
  const grace = query.get('gracePeriodSeconds')
  if (policy) fromQuery.propagationPolicy = policy
  if (grace) fromQuery.gracePeriodSeconds = Number(grace)
  if (query.has('dryRun')) fromQuery.dryRun = query.getAll('dryRun')
  return fromQuery
}

export const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

export type PatchKind = keyof typeof PATCH_TYPES

/** The kind of a PATCH; throws 415 for unknown ones, and for a strategic merge patch of a custom kind. */
export function patchKind(contentType: string, resource: ResourceType): PatchKind {
  const kinds = (Object.keys(PATCH_TYPES) as PatchKind[]).filter(
    (kind) => !(resource.custom && kind === 'strategic'),
  )
  const found = kinds.find((kind) => PATCH_TYPES[kind] === contentType)
  if (!found) throw unsupportedMediaType(kinds.map((kind) => PATCH_TYPES[kind]))
  return found
}

/** The body of a PATCH. `apply` bodies may be YAML; helm and kubectl send JSON, which is YAML, too. */
export async function readPatch(body: RequestBody, kind: PatchKind): Promise<unknown> {
  const text = body.data.toString()
  if (kind === 'apply' && !text.trimStart().startsWith('{')) return parseYaml(text)
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw badRequest(`error decoding patch: ${(error as Error).message}`)
  }
}

function parseJson(text: string, expectedKind: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    const { message } = error as Error
    const position = /at position (\d+)/.exec(message)?.[1]
    const truncated =
      position === undefined ? message.includes('end of JSON') : Number(position) >= text.length
    const cause = truncated ? 'unexpected end of JSON input' : message
    throw unrecognised(expectedKind, `json parse error: ${cause} (${text.slice(0, 1024)})`)
  }
}

async function parseYaml(text: string): Promise<unknown> {
  const { parse } = (await import('yaml')).default
  try {
    return parse(text) as unknown
  } catch (error) {
    throw badRequest(`error decoding YAML: ${(error as Error).message}`)
  }
}

function unrecognised(expectedKind: string, cause: string) {
  return badRequest(
    `the object provided is unrecognized (must be of type ${expectedKind}): couldn't get version/kind; ${cause}`,
  )
}
