import { type ExternalError, UsageError } from '../../model/errors.js'
import { keepsContract, type ReleaseHistory, type Revision } from '../../model/release.js'
import type { KubeApi } from '../kube/kube-api.js'
import { CONFIG_MAPS, SECRETS, type Resource } from '../kube/kube-types.js'
import { decodeRecord, type RecordObject } from './release-record.js'
import { isUnfinished } from './release-histories.js'
import { historiesOf } from './release-histories.js'

/** Called for a release that cannot be read and is skipped. */
type Unreadable = (error: ExternalError) => void

/**
 * Histories of every release with this name; in one namespace, or in all if none is given. An unreadable release is
 * skipped if there are others; if it is the only one, throws ExternalError.
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

/** One revision with its complete record; undefined if the history no longer has it. */
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
 * Whether Helm 4 uses server-side apply for this release, as for those it installed itself: the newest revision records
 * it, for a rollback its target. Only then is `--force-conflicts` valid.
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

/** Every readable release of a chart that canary moves; without superseded revisions, which can be many and large. */
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

/**
 * The resource of Helm's records, by Helm's variable HELM_DRIVER. Throws UsageError for a driver that canary cannot
 * read.
 */
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
      throw new UsageError(`HELM_DRIVER is "${driver}": canary only reads releases stored in the cluster.`, {
        nextSteps: ["set HELM_DRIVER to secret (Helm's default) or configmap, or unset it"],
      })
  }
}
