import type { ResourceType } from './objects.js'
import { RESOURCES } from './resources.js'
import { badRequest, methodNotAllowed, noSuchResource } from './status.js'

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

/** A parsed request for objects. */
export interface ResourceRequest {
  verb: Verb
  resource: ResourceType
  namespace?: string
  name?: string
  subresource?: string
  query: URLSearchParams
}

const ALL: ResourceType[] = Object.values(RESOURCES)

export function findResource(
  group: string,
  plural: string,
  types: ResourceType[] = ALL,
): ResourceType | undefined {
  return types.find((type) => type.group === group && type.plural === plural)
}

export function isServedIn({ version, olderVersions }: ResourceType, asked: string): boolean {
  return version === asked || olderVersions.includes(asked)
}

/**
 * Reads `/api/v1/namespaces/x/services/echo`, `/apis/apps/v1/deployments`, … Undefined for paths outside `/api/v1` and
 * `/apis/<group>/<version>` of a served group; throws 404 for unknown resources in them.
 */
export function parseResourceRequest(
  method: string,
  url: URL,
  types: ResourceType[] = ALL,
): ResourceRequest | undefined {
  const segments = url.pathname
    .split('/')
    .filter((segment) => segment !== '')
    .map(decoded)
  const [root, ...rest] = segments
  const [group, version, ...path] = root === 'api' ? ['', ...rest] : root === 'apis' ? rest : []
  if (group === undefined || version === undefined || path.length === 0) return undefined
  const inVersion = types.filter((type) => type.group === group && isServedIn(type, version))
  if (inVersion.length === 0) return undefined

  const { namespace, plural, name, subresource } = target(path)
  const found = plural === undefined ? undefined : findResource(group, plural, inVersion)
  if (!found || (namespace !== undefined && !found.namespaced)) throw noSuchResource()
  const resource = version === found.version ? found : { ...found, version }
  const query = url.searchParams
  return { verb: verbOf(method, { name, subresource, query }), resource, namespace, name, subresource, query }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw badRequest(`invalid URL escape in "${segment}"`)
  }
}

function target(path: string[]) {
  const isNamespaced =
    path[0] === 'namespaces' && path.length > 2 && !['status', 'finalize'].includes(path[2]!)
  const [namespace, plural, name, ...subresource] = isNamespaced ? path.slice(1) : [undefined, ...path]
  return { namespace, plural, name, subresource: subresource.length > 0 ? subresource.join('/') : undefined }
}

function verbOf(
  method: string,
  { name, subresource, query }: Pick<ResourceRequest, 'name' | 'subresource' | 'query'>,
): Verb {
  // Opening a connection counts as creating it, whatever the method.
  if (subresource === 'portforward' && (method === 'GET' || method === 'POST')) return 'create'
  if (method === 'GET') {
    // kubectl watches a single object as a list with a field selector; a named watch is the older form.
    if (['1', 'true'].includes(query.get('watch') ?? '')) return 'watch'
    return name === undefined ? 'list' : 'get'
  }
  if (method === 'POST' && name === undefined) return 'create'
  if (method === 'PUT' && name !== undefined) return 'update'
  if (method === 'PATCH' && name !== undefined) return 'patch'
  if (method === 'DELETE') return name === undefined ? 'deletecollection' : 'delete'
  throw methodNotAllowed()
}
