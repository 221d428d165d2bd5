import { isDeepStrictEqual } from 'node:util'
import type { ObjectFields } from '../../../model/results/drift.js'
import { type RoutingKind, roleOf } from '../../../model/routing.js'
import { malformed, shown } from '../../../model/object-form.js'
import type { JsonObject } from '../../../model/values.js'
import { mapOf, textOf } from '../../values/json-fields.js'
import { isObject } from '../../values/merge.js'
import { notOwned } from './safety.js'
import { objectName } from '../../stage/version.js'

/** Kinds of which each version has its own object, named by `objectName`. */
const OF_VERSIONS = [
  'apps/Deployment',
  '/Service',
  '/ConfigMap',
  'autoscaling/HorizontalPodAutoscaler',
  'policy/PodDisruptionBudget',
]
/** All Kubernetes kinds that the chart renders, as `group/Kind`. */
const OF_CHART = new Set([...OF_VERSIONS, '/ServiceAccount'])
/** Kubernetes kinds without a namespace. */
const CLUSTER_WIDE =
  /^(Cluster.*|Namespace|Node|PersistentVolume|CustomResourceDefinition|APIService|CertificateSigningRequest|CSIDriver|CSINode|FlowSchema|PriorityLevelConfiguration|(Gateway|Ingress|Priority|Runtime|Storage|VolumeAttributes|VolumeSnapshot)Class|(Mutating|Validating)(WebhookConfiguration|AdmissionPolicy|AdmissionPolicyBinding))$/
const HOOK = 'helm.sh/hook'
/** Hooks that only `helm test` runs. */
const TESTS = /^\s*test(-success|-failure)?\s*$/

/** What Helm identifies an object by; the version of its API group does not count. */
export interface ObjectIdentity {
  group: string
  kind: string
  namespace: string
  name: string
}

/** An object that a change may not touch, with the reason as a clause. */
export interface ForeignObject {
  /** `ConfigMap kube-system/evil`. */
  object: string
  why: string
  identity: ObjectIdentity
  /** Whether the change would remove it; otherwise it would write it. */
  isRemoval: boolean
}

/**
 * What a change may add and remove: everything of the chart's kinds, or the objects of these versions and of the
 * routes.
 */
export type Coming = 'all' | ReadonlySet<string>

export interface ObjectsOfChange {
  app: string
  namespace: string
  /** The deployed objects; empty for an install. */
  before: JsonObject[]
  /** The objects after the change. */
  after: JsonObject[]
  coming: Coming
  /** Kinds that route requests to the app, named after it. */
  routing: readonly RoutingKind[]
}

/** The identity of an object in a manifest; without a namespace it is in the release's. */
export function identityOf(object: JsonObject, namespace: string): ObjectIdentity {
  const { apiVersion, kind } = object
  const metadata = mapOf(object.metadata)
  const [group] = typeof apiVersion === 'string' && apiVersion.includes('/') ? apiVersion.split('/') : ['']
  return {
    group: group ?? '',
    kind: textOf(kind),
    namespace: typeof metadata.namespace === 'string' ? metadata.namespace : namespace,
    name: textOf(metadata.name),
  }
}

export function keyOf({ group, kind, namespace, name }: ObjectIdentity): string {
  return JSON.stringify([group, kind, namespace, name])
}

/** Whether the chart renders objects of this kind, or it is one of `routing`. */
export function isOfChart(identity: ObjectIdentity, routing: readonly RoutingKind[]): boolean {
  return OF_CHART.has(`${identity.group}/${identity.kind}`) || isOfRoutes(identity, routing)
}

function isOfRoutes({ group, kind }: ObjectIdentity, routing: readonly RoutingKind[]): boolean {
  return roleOf(routing, { apiVersion: `${group}/`, kind }) !== undefined
}

/**
 * The versions whose objects a change of values may add and remove: those whose configuration changes, or exists on one
 * side only. `all` where values change that belong to no version.
 */
export function comingWith(before: JsonObject, after: JsonObject): Coming {
  if (!isDeepStrictEqual(notOwned(before), notOwned(after))) return 'all'
  const [one, other] = [mapOf(before.deployment), mapOf(after.deployment)]
  const versions = new Set([...Object.keys(one), ...Object.keys(other)])
  return new Set([...versions].filter((version) => !isDeepStrictEqual(one[version], other[version])))
}

/** Whether Helm keeps an object when it is no longer part of its release. */
export function isKept({ metadata }: ObjectFields): boolean {
  const annotations = isObject(metadata) ? metadata.annotations : undefined
  return isObject(annotations) && annotations['helm.sh/resource-policy'] === 'keep'
}

/** The rendered objects that become part of a release: Helm keeps hooks apart from them. */
export function withoutHooks(rendered: JsonObject[]): JsonObject[] {
  return rendered.filter((object) => hookOf(object) === undefined)
}

/**
 * Safety rule 9, as far as manifests show it: objects that a change must not add, remove or apply. All have to be in
 * the app's namespace; objects added or removed have to be of the chart's kinds, and belong to a version that comes or
 * goes, or to the routes. No hooks but those of `helm test`: before Helm creates a hook, it deletes any object of its
 * name, whoever owns it.
 */
export function foreignObjects({
  app,
  namespace,
  before,
  after,
  coming,
  routing,
}: ObjectsOfChange): ForeignObject[] {
  const lasting = withoutHooks(after)
  const change: Change = {
    app,
    namespace,
    coming,
    routing,
    old: keysOf(before, namespace),
    fresh: keysOf(lasting, namespace),
    accounts: coming === 'all' ? new Set() : accountsOf([...before, ...lasting], app, coming),
  }
  const reasons = [
    ...[...before, ...lasting].map((object) => [object, reasonOf(object, change)] as const),
    ...after.map((object) => [object, reasonOfHook(object)] as const),
  ]
  const found = new Map<string, ForeignObject>()
  for (const [object, why] of reasons) {
    const identity = identityOf(object, namespace)
    const key = keyOf(identity)
    if (why === undefined || found.has(key)) continue
    const isRemoval = !change.fresh.has(key) && before.includes(object)
    found.set(key, { object: describeIdentity(identity, namespace), why, identity, isRemoval })
  }
  return [...found.values()]
}

/** `Deployment neighbour`, or `ConfigMap kube-system/evil` in another namespace. */
export function describeIdentity({ kind, namespace, name }: ObjectIdentity, home: string): string {
  return `${kind} ${namespace === home ? '' : `${namespace}/`}${name}`
}

interface Change {
  app: string
  namespace: string
  old: ReadonlySet<string>
  fresh: ReadonlySet<string>
  coming: Coming
  routing: readonly RoutingKind[]
  accounts: ReadonlySet<string>
}

/** Why an object may not be part of a change; undefined if it may. */
function reasonOf(object: JsonObject, change: Change): string | undefined {
  const { namespace, old, fresh, routing } = change
  const { apiVersion, kind } = object
  const metadata = mapOf(object.metadata)
  const odd = malformed({ apiVersion, kind, name: metadata.name, namespace: metadata.namespace })
  if (odd !== undefined) return odd
  const identity = identityOf(object, namespace)
  if (identity.kind.endsWith('List')) return 'lists of objects are not supported'
  if (CLUSTER_WIDE.test(identity.kind)) return 'it is cluster-wide'
  if (identity.namespace !== namespace) return `it is outside namespace ${namespace}`
  const key = keyOf(identity)
  if (old.has(key) && fresh.has(key)) return undefined
  const would = `it would be ${fresh.has(key) ? 'added' : 'removed'}`
  if (!isOfChart(identity, routing)) return `${would}, and canary's chart has no ${identity.kind}`
  return isComing(identity, change)
    ? undefined
    : `${would}, and belongs to no version that this change adds or removes`
}

function reasonOfHook(object: JsonObject): string | undefined {
  const hook = hookOf(object)
  return hook === undefined || TESTS.test(hook) ? undefined : `it is a hook (${shown(hook)})`
}

function isComing(identity: ObjectIdentity, { app, coming, accounts, routing }: Change): boolean {
  if (coming === 'all' || isOfVersions(identity, app, coming)) return true
  const { name } = identity
  if (isOfRoutes(identity, routing)) return name === app || name.startsWith(`${app}-`)
  return identity.group === '' && identity.kind === 'ServiceAccount' && accounts.has(identity.name)
}

function isOfVersions(
  { group, kind, name }: ObjectIdentity,
  app: string,
  versions: ReadonlySet<string>,
): boolean {
  return (
    OF_VERSIONS.includes(`${group}/${kind}`) &&
    [...versions].some((version) => name === objectName(app, version))
  )
}

/** Names of the ServiceAccounts of these versions' pods. */
function accountsOf(objects: JsonObject[], app: string, versions: ReadonlySet<string>): Set<string> {
  const names = objects
    .filter((object) => isOfVersions(identityOf(object, ''), app, versions) && object.kind === 'Deployment')
    .map(({ spec }) => mapOf(mapOf(mapOf(spec).template).spec).serviceAccountName)
  return new Set(names.filter((name) => typeof name === 'string'))
}

function keysOf(objects: JsonObject[], namespace: string): Set<string> {
  return new Set(objects.map((object) => keyOf(identityOf(object, namespace))))
}

function hookOf({ metadata }: JsonObject): string | undefined {
  const annotations = isObject(metadata) ? metadata.annotations : undefined
  const hook = isObject(annotations) ? annotations[HOOK] : undefined
  return hook === undefined ? undefined : textOf(hook)
}
