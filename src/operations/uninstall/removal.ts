import type { ObjectName } from '../../model/results/drift.js'
import { describeOwner } from '../../model/results/ownership.js'
import type { Revision } from '../../model/release.js'
import type { Removal } from '../../model/results/uninstall.js'
import type { JsonObject } from '../../model/values.js'
import { describeIdentity, identityOf, isKept, isOfChart } from '../../rollout/plan/safety/objects.js'
import { mapOf, textOf } from '../../rollout/values/json-fields.js'
import { ROUTING_KINDS } from '../../routing/select.js'
import type { OperationContext } from '../context.js'
import { parseManifest } from '../observe/manifest.js'
import { requireOwnObjects } from '../ownership/own-objects.js'

interface Release {
  app: string
  namespace: string
  revision: Revision
}

/** What is removed with a release, including its Deployments that the manifest does not name. */
export interface ToRemove extends Removal {
  orphans: { deployment: string; version: string }[]
  /** Versions whose pods are removed. */
  versions: string[]
}

/**
 * Reads what would be removed with a release. Throws ConflictError if its manifest names an object that it does not own
 * (safety rule 9): Helm deletes by name alone.
 */
export async function findRemoval(context: OperationContext, release: Release): Promise<ToRemove> {
  const { cluster } = context
  const { app, namespace, revision } = release
  const before = parseManifest(revision.manifest)
  await requireOwnObjects(context, {
    app,
    namespace,
    before,
    after: [],
    coming: 'all',
    what: `Uninstalling ${app}`,
    state: `Nothing was changed: revision ${revision.revision} of ${app} is ${revision.status}.`,
    isUninstall: true,
  })
  const names = before.filter((object) => !isKept(object)).map(objectName)
  const deployed = new Set(names.filter(({ kind }) => kind === 'Deployment').map(({ name }) => name))
  const ofChart = before
    .filter((object) => isOfChart(identityOf(object, namespace), ROUTING_KINDS))
    .map(objectName)
  const [{ own, others }, live] = await Promise.all([
    cluster.workloads(app, namespace),
    cluster.liveObjects(ofChart, namespace),
  ])
  const isGone = ({ kind, name }: ObjectName) =>
    live.some((one) => one.kind === kind && one.name === name && !one.object)
  const orphans = own.filter(({ deployment }) => !deployed.has(deployment))
  return {
    objects: [
      ...names.filter((one) => !isGone(one)),
      ...orphans.map(({ deployment: name }) => ({ apiVersion: 'apps/v1', kind: 'Deployment', name })),
    ],
    orphans,
    versions: [...new Set(own.map(({ version }) => version))],
    stays: [
      ...before
        .filter(isKept)
        .map((object) => describeIdentity(identityOf(object, namespace), namespace))
        .map((name) => `${name}: helm.sh/resource-policy is keep`),
      ...others.map(({ kind, name, owner }) => `${kind} ${name}: it belongs to ${describeOwner(owner)}`),
      `Namespace ${namespace}`,
    ],
  }
}

function objectName({ apiVersion, kind, metadata }: JsonObject): ObjectName {
  return { apiVersion: textOf(apiVersion), kind: textOf(kind), name: textOf(mapOf(metadata).name) }
}
