import { groupVersions, type GroupVersion } from './discovery.js'
import type { ResourceType } from './objects.js'
import { RESOURCES } from './resources.js'

/** Clients cache a document by this; change it when the documents change. */
const HASH = '1'

/** `/openapi/v3`: where each group's document is. */
export function openApiIndex(): object {
  const paths = groupVersions().map((served) => {
    const path = groupPath(served)
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${HASH}` }]
  })
  return { paths: Object.fromEntries(paths) as object }
}

/**
 * `/openapi/v3/<path>`: no schemas, only that a PATCH of every kind takes `fieldValidation`. That is what helm and
 * kubectl look for: it tells them that the server validates, so that they don't.
 */
export function openApiDocument(path: string): object | undefined {
  const served = groupVersions().find((candidate) => groupPath(candidate) === path)
  if (!served) return undefined
  const types: ResourceType[] = Object.values(RESOURCES)
  const wanted = types.filter((type) => type.group === served.group && type.version === served.version)
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.35.4' },
    paths: Object.fromEntries(wanted.map((type) => [objectPath(path, type), patchOperation(type)])) as object,
  }
}

function groupPath({ group, version }: GroupVersion): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`
}

function objectPath(path: string, type: ResourceType): string {
  return `/${path}/${type.namespaced ? 'namespaces/{namespace}/' : ''}${type.plural}/{name}`
}

function patchOperation(type: ResourceType): object {
  return {
    patch: {
      parameters: [{ name: 'fieldValidation', in: 'query', schema: { type: 'string' } }],
      responses: {},
      'x-kubernetes-group-version-kind': { group: type.group, version: type.version, kind: type.kind },
    },
  }
}
