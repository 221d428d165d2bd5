import { createHash } from 'node:crypto'
import { groupVersions, type GroupVersion, resourcesOf } from './discovery.js'
import type { ResourceType } from '../objects.js'

/** `/openapi/v3`: the address of each group's document. Clients cache a document by its hash. */
export function openApiIndex(types: ResourceType[]): object {
  const paths = groupVersions(types).map((served) => {
    const path = groupPath(served)
    const names = resourcesOf(served, types).map(({ plural }) => plural)
    const hash = createHash('sha256').update(names.join(' ')).digest('hex').slice(0, 16)
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }]
  })
  return { paths: Object.fromEntries(paths) as object }
}

/**
 * `/openapi/v3/<path>`: no schemas, only that a PATCH of every kind accepts `fieldValidation`. helm and kubectl look
 * for exactly that: it means that the server validates, so that they do not.
 */
export function openApiDocument(path: string, types: ResourceType[]): object | undefined {
  const served = groupVersions(types).find((candidate) => groupPath(candidate) === path)
  if (!served) return undefined
  const { version } = served
  const wanted = resourcesOf(served, types).map((type) => ({ ...type, version }))
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
