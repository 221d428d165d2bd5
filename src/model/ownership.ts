/** A Helm release: its name is the app's. */
export interface ReleaseName {
  app: string
  namespace: string
}

/** An owner as an object's metadata names it. */
export interface OwnerReference {
  kind: string
  name: string
  uid?: string
  controller?: boolean
}

/** Whose an object is, as its metadata says. */
export type Owner =
  | { by: 'helm'; app: string; namespace: string; managedByHelm: boolean }
  | { by: 'controller'; kind: string; name: string }
  /** No release and no controller; `manager` wrote it last, where the API server tells. */
  | { by: 'nobody'; manager?: string }

/** The metadata that tells whose an object is. */
export interface OwnedMetadata {
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  managedFields?: unknown
}

/** Helm's marks: it takes an object for its release's only with all three. */
const RELEASE_NAME = 'meta.helm.sh/release-name'
const RELEASE_NAMESPACE = 'meta.helm.sh/release-namespace'
const MANAGED_BY = 'app.kubernetes.io/managed-by'
/** Writes what Kubernetes itself keeps on a Deployment. */
const CONTROLLER_MANAGER = 'kube-controller-manager'

export function ownerOf(metadata: OwnedMetadata): Owner {
  const { labels = {}, annotations = {} } = metadata
  const app = annotations[RELEASE_NAME]
  const namespace = annotations[RELEASE_NAMESPACE]
  if (app !== undefined && namespace !== undefined) {
    return { by: 'helm', app, namespace, managedByHelm: labels[MANAGED_BY] === 'Helm' }
  }
  const controller = controllerOf(metadata)
  if (controller) return { by: 'controller', kind: controller.kind, name: controller.name }
  const manager = lastManager(metadata.managedFields)
  return { by: 'nobody', ...(manager === undefined ? {} : { manager }) }
}

/** Whether all of Helm's marks give the object to this release: only then may it be removed. */
export function isOwnedBy(owner: Owner, { app, namespace }: ReleaseName): boolean {
  return owner.by === 'helm' && owner.managedByHelm && owner.app === app && owner.namespace === namespace
}

/** The one owner that makes and removes the object. */
function controllerOf({ ownerReferences = [] }: OwnedMetadata): OwnerReference | undefined {
  return ownerReferences.find(({ controller }) => controller)
}

/** `Helm release shop/worker`, `Rollout worker`, `no Helm release, written by kubectl`. */
export function describeOwner(owner: Owner): string {
  switch (owner.by) {
    case 'helm': {
      const release = `Helm release ${owner.namespace}/${owner.app}`
      return owner.managedByHelm ? release : `${release}, but without the label ${MANAGED_BY}: Helm`
    }
    case 'controller':
      return `${owner.kind} ${owner.name}`
    case 'nobody':
      return `no Helm release${owner.manager === undefined ? '' : `, written by ${owner.manager}`}`
  }
}

/** Who wrote the object's spec last, as the API server keeps it. */
function lastManager(managedFields: unknown): string | undefined {
  const entries = Array.isArray(managedFields)
    ? (managedFields as { manager?: string; subresource?: string; time?: string }[])
    : []
  const time = (entry: { time?: string }) => Date.parse(entry.time ?? '') || 0
  return entries
    .filter(({ manager, subresource }) => manager && manager !== CONTROLLER_MANAGER && !subresource)
    .sort((one, other) => time(other) - time(one))[0]?.manager
}
