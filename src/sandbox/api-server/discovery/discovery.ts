import type { ResourceType } from '../objects.js'
import { isServedIn } from '../request.js'

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const SUBRESOURCE_VERBS = ['get', 'patch', 'update']
/** Verbs of subresources that are not part of the object. */
const OWN_VERBS: Record<string, string[]> = { log: ['get'], portforward: ['create', 'get'] }
/** Kinds of subresources with a kind of their own, with the group if it differs. */
const OWN_KINDS: Record<string, { group?: string; version?: string; kind: string }> = {
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  portforward: { kind: 'PodPortForwardOptions' },
}

/** Answers with aggregated discovery need exactly this type, or clients fall back to asking group by group. */
export const AGGREGATED_DISCOVERY_TYPE =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

/** Kinds of `kubectl get all`. */
const ALL = new Set(['Pod', 'Service', 'Deployment', 'ReplicaSet'])

export interface GroupVersion {
  group: string
  version: string
}

/** Served groups and versions, the core group first; within a group, the preferred version first. */
export function groupVersions(types: ResourceType[]): GroupVersion[] {
  const seen = new Map<string, GroupVersion>()
  for (const { group, version, olderVersions } of types)
    for (const served of [version, ...olderVersions])
      seen.set(`${group}/${served}`, { group, version: served })
  return [...seen.values()]
}

function versionsOf(group: string, types: ResourceType[]): string[] {
  return groupVersions(types).flatMap((served) => (served.group === group ? [served.version] : []))
}

function groupsOf(types: ResourceType[]): string[] {
  return [...new Set(types.map(({ group }) => group))]
}

/** `/api` (core group) or `/apis` (all others), every resource at once. */
export function aggregatedDiscovery(root: 'api' | 'apis', types: ResourceType[]): object {
  const wanted = groupsOf(types).filter((group) => (group === '') === (root === 'api'))
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: wanted.map((group) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versionsOf(group, types).map((version) => ({
        version,
        freshness: 'Current',
        resources: resourcesOf({ group, version }, types).map((type) => aggregated({ ...type, version })),
      })),
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

/** `/api` for clients without aggregated discovery. */
export function coreVersions(): object {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
}

/** `/apis` for clients without aggregated discovery. */
export function groupList(types: ResourceType[]): object {
  const named = groupsOf(types).filter((group) => group !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map((group) => groupEntry(group, types)) }
}

/** `/apis/<group>`. */
export function apiGroup(group: string, types: ResourceType[]): object | undefined {
  if (group === '' || !groupsOf(types).includes(group)) return undefined
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group, types) }
}

function groupEntry(group: string, types: ResourceType[]) {
  const versions = versionsOf(group, types).map((version) => ({
    groupVersion: `${group}/${version}`,
    version,
  }))
  return { name: group, versions, preferredVersion: versions[0] }
}

/** `/api/v1` and `/apis/<group>/<version>`; undefined if it is not served. */
export function resourceList(group: string, version: string, types: ResourceType[]): object | undefined {
  const served = resourcesOf({ group, version }, types)
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

export function resourcesOf({ group, version }: GroupVersion, types: ResourceType[]): ResourceType[] {
  return types.filter((type) => type.group === group && isServedIn(type, version))
}
