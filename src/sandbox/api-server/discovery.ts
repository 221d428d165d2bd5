import type { ResourceType } from './objects.js'
import { RESOURCES } from './resources.js'

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const SUBRESOURCE_VERBS = ['get', 'patch', 'update']
/** Of those that are no part of the object. */
const OWN_VERBS: Record<string, string[]> = { log: ['get'], portforward: ['create', 'get'] }
/** Kinds of those that are not of their object's kind, with the group where it is another. */
const OWN_KINDS: Record<string, { group?: string; version?: string; kind: string }> = {
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  portforward: { kind: 'PodPortForwardOptions' },
}

/** Answers with aggregated discovery must be of exactly this type, or clients ask group by group. */
export const AGGREGATED_DISCOVERY_TYPE =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

/** Kinds of `kubectl get all`. */
const ALL = new Set(['Pod', 'Service', 'Deployment', 'ReplicaSet'])

const types: ResourceType[] = Object.values(RESOURCES)

export interface GroupVersion {
  group: string
  version: string
}

/** Groups and versions served, the core group first. */
export function groupVersions(): GroupVersion[] {
  const seen = new Map(types.map(({ group, version }) => [`${group}/${version}`, { group, version }]))
  return [...seen.values()]
}

/** `/api` (core group) or `/apis` (all others), every resource at once. */
export function aggregatedDiscovery(root: 'api' | 'apis'): object {
  const wanted = groupVersions().filter(({ group }) => (group === '') === (root === 'api'))
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: wanted.map(({ group, version }) => ({
      metadata: group === '' ? {} : { name: group },
      versions: [{ version, freshness: 'Current', resources: resourcesOf(group).map(aggregated) }],
    })),
  }
}

function aggregated(type: ResourceType): object {
  const scope = type.namespaced ? 'Namespaced' : 'Cluster'
  return {
    resource: type.plural,
    responseKind: { group: type.group, version: type.version, kind: type.kind },
    scope,
    singularResource: type.singular,
    verbs: VERBS,
    ...(type.shortNames.length > 0 ? { shortNames: type.shortNames } : {}),
    ...(ALL.has(type.kind) ? { categories: ['all'] } : {}),
    ...(type.subresources.length > 0
      ? {
          subresources: type.subresources.map((subresource) => ({
            subresource,
            responseKind: {
              group: type.group,
              version: type.version,
              kind: type.kind,
              ...OWN_KINDS[subresource],
            },
            verbs: OWN_VERBS[subresource] ?? SUBRESOURCE_VERBS,
          })),
        }
      : {}),
  }
}

/** `/api` for clients that know no aggregated discovery. */
export function coreVersions(): object {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
}

/** `/apis` for clients that know no aggregated discovery. */
export function groupList(): object {
  const named = groupVersions().filter(({ group }) => group !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(groupEntry) }
}

/** `/apis/<group>`. */
export function apiGroup(group: string): object | undefined {
  const found = groupVersions().find((candidate) => candidate.group === group && group !== '')
  return found && { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(found) }
}

function groupEntry({ group, version }: GroupVersion) {
  const entry = { groupVersion: `${group}/${version}`, version }
  return { name: group, versions: [entry], preferredVersion: entry }
}

/** `/api/v1` and `/apis/<group>/<version>`; undefined where that is not served. */
export function resourceList(group: string, version: string): object | undefined {
  const served = types.filter((type) => type.group === group && type.version === version)
  if (served.length === 0) return undefined
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: served.flatMap((type) => [
      {
        name: type.plural,
        singularName: type.singular,
        namespaced: type.namespaced,
        kind: type.kind,
        verbs: VERBS,
        ...(type.shortNames.length > 0 ? { shortNames: type.shortNames } : {}),
        ...(ALL.has(type.kind) ? { categories: ['all'] } : {}),
      },
      ...type.subresources.toSorted().map((subresource) => ({
        name: `${type.plural}/${subresource}`,
        singularName: '',
        namespaced: type.namespaced,
        ...(OWN_KINDS[subresource] ?? { kind: type.kind }),
        verbs: OWN_VERBS[subresource] ?? SUBRESOURCE_VERBS,
      })),
    ]),
  }
}

function resourcesOf(group: string): ResourceType[] {
  return types.filter((type) => type.group === group)
}
