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

/** A workload of somebody else whose pods carry the app's labels `app` and `version`. */
export interface Neighbour {
  /** `Deployment`, or whatever else has such pods. */
  kind: string
  name: string
  version: string
  /** Pods that are ready. */
  ready: number
  owner: Owner
}

/** A neighbour as it concerns an app. */
export interface AppNeighbour extends Neighbour {
  /** Whether the app's routes send requests to its pods: some are ready, and labelled with a version that is routed to. */
  getsRequests: boolean
}

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
/** Characters shown of a text that is no name. */
const LONGEST_ODD = 80

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
export function controllerOf({ ownerReferences = [] }: OwnedMetadata): OwnerReference | undefined {
  return ownerReferences.find(({ controller }) => controller)
}

/** `Helm release shop/worker`, `Rollout worker`, `no Helm release, written by kubectl`. */
export function describeOwner(owner: Owner): string {
  switch (owner.by) {
    case 'helm': {
      const release = `Helm release ${plain(`${owner.namespace}/${owner.app}`)}`
      return owner.managedByHelm ? release : `${release}, but without the label ${MANAGED_BY}: Helm`
    }
    case 'controller':
      return `${owner.kind} ${owner.name}`
    case 'nobody':
      return `no Helm release${owner.manager === undefined ? '' : `, written by ${plain(owner.manager)}`}`
  }
}

/** `Deployment worker (Helm release shop/worker)`. */
export function describeNeighbour({ kind, name, owner }: Pick<Neighbour, 'kind' | 'name' | 'owner'>): string {
  const isItself = owner.by === 'controller' && owner.kind === kind && owner.name === name
  return isItself ? `${kind} ${name}` : `${kind} ${name} (${describeOwner(owner)})`
}

/** `2 pods of Deployment worker (Helm release shop/worker) match … and get requests for v1 of echo`. */
export function matchLine(app: string, neighbour: Neighbour): string {
  const { ready, version } = neighbour
  const [pods, match, get] = ready === 1 ? ['pod', 'matches', 'gets'] : ['pods', 'match', 'get']
  return (
    `${ready} ${pods} of ${describeNeighbour(neighbour)} ${match} the app's selector ` +
    `(app: ${app}, version: ${version}) and ${get} requests of ${app}`
  )
}

/** A neighbour in one line. */
export function neighbourLine(app: string, neighbour: AppNeighbour): string {
  const { version, ready, getsRequests } = neighbour
  if (getsRequests) return matchLine(app, neighbour)
  return (
    `${describeNeighbour(neighbour)} carries the labels of ${app} (app: ${app}, version: ${version}; ` +
    `${ready} pod${ready === 1 ? '' : 's'} ready): not a part of the release, left alone`
  )
}

/** Annotations may hold anything: what is no name is quoted, and cut where it is long. */
function plain(text: string): string {
  return /^[\w./ -]{1,253}$/.test(text) ? text : JSON.stringify(text.slice(0, LONGEST_ODD))
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
