import { unlessForbidden } from '../../cluster/kube/api-errors.js'
import type { KubeApi } from '../../cluster/kube/kube-api.js'
import { record, text } from '../fields.js'
import { DEFINITIONS, GROUP, HTTP_ROUTE } from './kinds.js'

/** The releases whose fields the chart uses, from the first to the last that it was validated against. */
const FIRST_MINOR = 1
const LAST_MINOR = 6

/** The release and channel that the HTTPRoute's definition names; undefined if it names none, or may not be read. */
export async function installedRelease(
  api: KubeApi,
): Promise<{ release: string; channel: string } | undefined> {
  const name = `${HTTP_ROUTE.plural}.${GROUP}`
  const definition = await unlessForbidden(api.find({ resource: DEFINITIONS, name }))
  const annotations = record(definition?.metadata.annotations)
  const release = text(annotations[`${GROUP}/bundle-version`])
  const channel = text(annotations[`${GROUP}/channel`]) ?? 'unknown'
  return release === undefined ? undefined : { release, channel }
}

/** Why a release may not fit the chart's objects, a clause. */
export function releaseProblem(release: string): string | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(release) ?? []
  if (major === undefined || minor === undefined) return undefined
  if (Number(major) < 1 || (major === '1' && Number(minor) < FIRST_MINOR))
    return `older than 1.${FIRST_MINOR}, the first that the chart's objects fit`
  if (Number(major) > 1 || Number(minor) > LAST_MINOR)
    return `newer than 1.${LAST_MINOR}, the last that the chart's objects were validated against`
  return undefined
}
