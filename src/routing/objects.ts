import type { ObjectRef } from '../model/results/diagnosis.js'
import { ApiError } from '../cluster/kube/api-errors.js'
import type { KubeApi } from '../cluster/kube/kube-api.js'
import type { Resource } from '../cluster/kube/kube-types.js'
import { record, text } from './fields.js'

/** A provider's object, from the API or a manifest; its spec may contain anything. */
export interface RoutingObject {
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; [field: string]: unknown }
  spec?: unknown
  status?: unknown
}

/** The Helm release of an object, by Helm's marks; undefined without them. */
export function helmReleaseOf({ metadata }: RoutingObject): ObjectRef | undefined {
  const annotations = record(metadata.annotations)
  const name = text(annotations['meta.helm.sh/release-name'])
  const namespace = text(annotations['meta.helm.sh/release-namespace'])
  return isName(name) && isName(namespace) ? { name, namespace } : undefined
}

/** Annotations may contain any text; an invalid name counts as none. */
function isName(given: string | undefined): given is string {
  return given !== undefined && /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/.test(given)
}

export function isOfRelease(object: RoutingObject, { name, namespace }: ObjectRef): boolean {
  const release = helmReleaseOf(object)
  return release !== undefined && release.name === name && release.namespace === namespace
}

export function refOf({ metadata }: RoutingObject): ObjectRef {
  return { name: metadata.name, namespace: metadata.namespace ?? '' }
}

export function isSameObject(one: RoutingObject, other: RoutingObject): boolean {
  return (
    one.kind === other.kind &&
    one.metadata.name === other.metadata.name &&
    one.metadata.namespace === other.metadata.namespace
  )
}

/** Whether the cluster knows a kind; forbidden is an answer too. */
export async function isKnown(api: KubeApi, resource: Resource): Promise<boolean> {
  try {
    await api.list({ resource, namespace: 'default' })
    return true
  } catch (error) {
    if (error instanceof ApiError && [403, 404].includes(error.status)) return error.status === 403
    throw error
  }
}
