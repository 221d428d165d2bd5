import { type ExternalError, UsageError } from '../../model/errors.js'
import { keepsContract, type ReleaseHistory, type Revision } from '../../model/release.js'
import type { KubeApi } from '../kube/kube-api.js'
import { CONFIG_MAPS, SECRETS, type Resource } from '../kube/kube-types.js'
import { decodeRecord, historiesOf, isUnfinished, type RecordObject } from './release-record.js'

/** Told of a release that can't be read, and is left out. */
type Unreadable = (error: ExternalError) => void

/**
 * Histories of every release with this name; in one namespace, or in all where none is given. A release that can't be
 * read is left out of several; throws ExternalError where it is the only one.
 */
export async function findReleases(
  api: KubeApi,
  app: string,
  namespace?: string,
  unreadable?: Unreadable,
): Promise<ReleaseHistory[]> {
  const target = { resource: recordResource(), namespace }
  const { items } = await api.list<RecordObject>(target, { labelSelector: `name=${app},owner=helm` })
  const errors: ExternalError[] = []
  const collect = (error: ExternalError) => errors.push(error)
  const histories = historiesOf(items, namespace === undefined && unreadable ? { unreadable: collect } : {})
  const [first] = errors
  if (first && histories.length === 0) throw first
  for (const error of errors) unreadable?.(error)
  return histories
}

/** One revision with all its record holds; undefined where the history has it no more. */
export async function findRevision(
  api: KubeApi,
  app: string,
  namespace: string,
  revision: number,
): Promise<Revision | undefined> {
  const name = `sh.helm.release.v1.${app}.v${revision}`
  const record = await api.find<RecordObject>({ resource: recordResource(), namespace, name })
  return record && decodeRecord(record)
}

/**
 * Whether Helm 4 applies this release on the server's side, as it does with those it made itself: the newest revision says
 * so, for a rollback the one to go back to. Only then does it take `--force-conflicts`.
 */
export async function isAppliedOnServer(
  api: KubeApi,
  { app, namespace, revision }: { app: string; namespace: string; revision?: number },
): Promise<boolean> {
  const [history] = await findReleases(api, app, namespace)
  const revisions = history?.revisions ?? []
  const from =
    revision === undefined ? revisions.at(-1) : revisions.find((entry) => entry.revision === revision)
  return from?.applyMethod === 'ssa'
}

/** Every release of a chart that canary moves, and that can be read; superseded revisions are left out, they can be many and large. */
export async function listReleases(
  api: KubeApi,
  namespace?: string,
  unreadable?: Unreadable,
): Promise<ReleaseHistory[]> {
  const target = { resource: recordResource(), namespace }
  const { items } = await api.list<RecordObject>(target, { labelSelector: 'owner=helm,status!=superseded' })
  const isWanted = ({ chart }: Revision) => keepsContract(chart.metadata)
  const histories = historiesOf(items, { isWanted, unreadable })
  return Promise.all(histories.map((history) => withItsPast(api, history)))
}

/** A release without a deployed revision came from one of the superseded ones. */
async function withItsPast(api: KubeApi, history: ReleaseHistory): Promise<ReleaseHistory> {
  const { name, namespace, deployed, newest } = history
  if (deployed || !newest || !isUnfinished(newest)) return history
  const [whole] = await findReleases(api, name, namespace)
  return whole ?? history
}

/** Where Helm keeps its records, by its own variable HELM_DRIVER. Throws UsageError for what canary can't read. */
export function recordResource(driver = process.env.HELM_DRIVER ?? ''): Resource {
  switch (driver) {
    case '':
    case 'secret':
    case 'secrets':
      return SECRETS
    case 'configmap':
    case 'configmaps':
      return CONFIG_MAPS
    default:
      throw new UsageError(`HELM_DRIVER is "${driver}": canary reads releases kept in the cluster only.`, {
        nextSteps: ["set HELM_DRIVER to secret (Helm's default) or configmap, or unset it"],
      })
  }
}
