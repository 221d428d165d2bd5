import type { Objects } from '../../cluster/ports/objects.js'
import { canaryCommand, commented, helmCommand, kubectlCommand } from '../../model/command-line.js'
import type { LiveObject, ObjectFields } from '../../model/results/drift.js'
import { ConflictError } from '../../model/errors.js'
import { malformed } from '../../model/object-form.js'
import {
  describeOwner,
  isOwnedBy,
  ownerOf,
  type OwnedMetadata,
  type ReleaseName,
} from '../../model/results/ownership.js'
import type { JsonObject } from '../../model/values.js'
import { nameOf } from '../../rollout/drift/drift.js'
import { textOf } from '../../rollout/values/json-fields.js'
import {
  type Coming,
  describeIdentity,
  type ForeignObject,
  foreignObjects,
  identityOf,
  isKept,
  isOfChart,
  keyOf,
  withoutHooks,
} from '../../rollout/plan/safety/objects.js'
import { ROUTING_KINDS } from '../../routing/select.js'

/** What a helm command is about to do with a release's objects. */
export interface ObjectsOfHelm {
  app: string
  namespace: string
  /** The objects of the current manifest, and those of the next. */
  before: JsonObject[]
  after: JsonObject[]
  coming: Coming
  /** The change, for messages: `Step "remove v2"`. */
  what: string
  /** The current state, a sentence. */
  state: string
  /** For installs and upgrades: Helm itself checks who owns added objects; a rollback overwrites them. */
  brings?: boolean
  /** Helm reads `helm.sh/resource-policy` from its record for an uninstall, otherwise from the live object. */
  isUninstall?: boolean
}

interface ClusterReads {
  cluster: Objects
}

/** Most objects listed in an error; the rest is counted. */
const MOST_NAMED = 20
const MOST_REMEDIES = 3

/**
 * Safety rule 9: throws ConflictError naming each object that a change would touch although the release does not own
 * it, by its kind, namespace or name, or because Helm's metadata on the live object names another owner. Missing
 * objects, and those that Helm keeps, do not count as removed. Unreadable objects are left to Helm, which has the same
 * permissions.
 */
export async function requireOwnObjects({ cluster }: ClusterReads, change: ObjectsOfHelm): Promise<void> {
  const { app, namespace, before, after, isUninstall } = change
  const staying = new Set(withoutHooks(after).map((object) => keyOf(identityOf(object, namespace))))
  const foreign = foreignObjects({ ...change, routing: ROUTING_KINDS })
  const suspects = new Set(foreign.map(({ identity }) => keyOf(identity)))
  const live = await readLive(
    cluster,
    before.filter((object) => {
      const identity = identityOf(object, namespace)
      return (
        isOfChart(identity, ROUTING_KINDS) || (suspects.has(keyOf(identity)) && !staying.has(keyOf(identity)))
      )
    }),
    namespace,
  )
  const isLeft = (object: JsonObject) => {
    const there = live.get(keyOf(identityOf(object, namespace)))
    return there !== undefined && (!there.object || isKept(isUninstall ? object : there.object))
  }
  const left = new Set(before.filter(isLeft).map((object) => keyOf(identityOf(object, namespace))))
  const ofOthers = before.flatMap((object): ForeignObject[] => {
    const identity = identityOf(object, namespace)
    const key = keyOf(identity)
    const there = live.get(key)?.object
    if (!there || suspects.has(key)) return []
    const owner = ownerOf(metadataOf(there))
    const isRemoval = !staying.has(key)
    // Helm restores lost metadata on objects that stay, unless another release owns them.
    const isOurs = isRemoval
      ? isOwnedBy(owner, { app, namespace })
      : owner.by !== 'helm' || (owner.app === app && owner.namespace === namespace)
    if (isOurs) return []
    const why = `it would be ${isRemoval ? 'removed' : 'written'}, and belongs to ${describeOwner(owner)}`
    return [{ object: describeIdentity(identity, namespace), why, identity, isRemoval }]
  })
  const refused = [...foreign, ...ofOthers].filter(
    ({ identity, isRemoval }) => !(isRemoval && left.has(keyOf(identity))),
  )
  if (refused.length > 0) throw refusal(change, refused, new Set(live.keys()))
  if (change.brings) await requireFree({ cluster }, change)
}

/** Throws ConflictError if an object that a change adds exists already with another owner: Helm would refuse it. */
export async function requireFree(
  { cluster }: ClusterReads,
  { app, namespace, before, after, what, state }: ObjectsOfHelm,
): Promise<void> {
  const known = new Set(before.map((object) => keyOf(identityOf(object, namespace))))
  const coming = withoutHooks(after).filter((object) => {
    const identity = identityOf(object, namespace)
    return isOfChart(identity, ROUTING_KINDS) && !known.has(keyOf(identity))
  })
  const live = await readLive(cluster, coming, namespace)
  const taken = coming.flatMap((object) => {
    const identity = identityOf(object, namespace)
    const there = live.get(keyOf(identity))?.object
    const owner = there && ownerOf(metadataOf(there))
    if (!owner || isOwnedBy(owner, { app, namespace })) return []
    return [{ object: describeIdentity(identity, namespace), owner, identity }]
  })
  if (taken.length === 0) return
  const deployment = taken.find(({ identity }) => identity.kind === 'Deployment')?.identity.name ?? app
  throw new ConflictError(
    `${what} would bring ${taken.length === 1 ? 'an object that is' : `${taken.length} objects that are`} there already, and not of ${app}.`,
    {
      state,
      details: taken.map(({ object, owner }) => `${object}: it belongs to ${describeOwner(owner)}`),
      nextSteps: [
        commented(
          canaryCommand(['init', `${app}-app`, '--from', `deployment/${deployment}`], {
            app: `${app}-app`,
            namespace,
          }),
          'values for a release beside what serves there, and the way over without downtime',
        ),
        'or give the app another name or namespace',
      ],
      evidence: { objects: taken.map(({ object, owner }) => ({ object, owner: describeOwner(owner) })) },
    },
  )
}

/** Why an object of a manifest must not be written back, a clause; undefined if the release owns it or it is missing. */
export function whyNotOurs(
  object: JsonObject,
  live: LiveObject[],
  { app, namespace }: ReleaseName,
): string | undefined {
  const [foreign] = foreignObjects({
    app,
    namespace,
    before: [object],
    after: [object],
    coming: 'all',
    routing: ROUTING_KINDS,
  })
  if (foreign) return foreign.why
  const identity = identityOf(object, namespace)
  if (!isOfChart(identity, ROUTING_KINDS)) return `canary's chart makes no ${identity.kind}`
  const there = live.find(({ kind, name }) => kind === identity.kind && name === identity.name)?.object
  const owner = there && ownerOf(metadataOf(there))
  return !owner || isOwnedBy(owner, { app, namespace }) ? undefined : `it belongs to ${describeOwner(owner)}`
}

/** The live objects by key, without those that have no valid name or may not be read. */
async function readLive(
  cluster: Objects,
  objects: JsonObject[],
  namespace: string,
): Promise<Map<string, LiveObject>> {
  const byNamespace = new Map<string, JsonObject[]>()
  for (const object of objects) {
    const { namespace: its, name } = identityOf(object, namespace)
    if (malformed({ apiVersion: object.apiVersion, kind: object.kind, name, namespace: its })) continue
    byNamespace.set(its, [...(byNamespace.get(its) ?? []), object])
  }
  const found = new Map<string, LiveObject>()
  for (const [its, there] of byNamespace) {
    const names = there.map((object) => ({
      apiVersion: textOf(object.apiVersion),
      kind: textOf(object.kind),
      name: nameOf(object) ?? '',
    }))
    for (const { apiVersion, kind, name, object } of await cluster.liveObjects(names, its)) {
      const identity = identityOf({ apiVersion, kind, metadata: { name } }, its)
      found.set(keyOf(identity), { apiVersion, kind, name, object })
    }
  }
  return found
}

function refusal(
  { app, namespace, what, state, isUninstall }: ObjectsOfHelm,
  refused: ForeignObject[],
  readable: ReadonlySet<string>,
): ConflictError {
  const lines = refused.map(({ object, why }) => `${object}: ${why}`)
  const keepable = isUninstall
    ? []
    : refused.filter(({ isRemoval, identity }) => isRemoval && readable.has(keyOf(identity)))
  const count = refused.length === 1 ? 'an object that is' : `${refused.length} objects that are`
  return new ConflictError(`${what} would touch ${count} not for ${app} to change.`, {
    state,
    details: [
      ...lines.slice(0, MOST_NAMED),
      ...(lines.length > MOST_NAMED ? [`and ${lines.length - MOST_NAMED} more`] : []),
    ],
    nextSteps: [
      commented(
        helmCommand(['get', 'manifest', app], namespace),
        `the objects in Helm's record: helm upgrade, rollback and uninstall act on them`,
      ),
      ...keepable
        .slice(0, MOST_REMEDIES)
        .map(({ identity: { kind, name, namespace: its } }) =>
          commented(
            kubectlCommand(['annotate', kind.toLowerCase(), name, 'helm.sh/resource-policy=keep'], its),
            'Helm then leaves it in place',
          ),
        ),
      ...(refused.some(({ isRemoval }) => !isRemoval)
        ? [
            commented(
              canaryCommand(['upgrade', app, '--chart', 'bundled', '--dry-run'], { app, namespace }),
              'without what the chart adds',
            ),
          ]
        : []),
    ],
    evidence: { objects: refused },
  })
}

function metadataOf({ metadata }: ObjectFields): OwnedMetadata {
  return metadata ?? {}
}
