import { gzipSync } from 'node:zlib'
import { isMap, isScalar, type Node, parseAllDocuments, type YAMLMap } from 'yaml'
import { ApiError } from '../kube/api-errors.js'
import type { ClusterObject } from '../ports/objects.js'
import type { KeepReplicasRequest } from '../ports/releases.js'
import type { KubeApi } from '../kube/kube-api.js'
import { DEPLOYMENTS, type Target } from '../kube/kube-types.js'
import { decodeRecord, type RecordObject, releaseText } from './release-record.js'
import { recordResource } from './releases.js'

/** Helm's manager name in managedFields. */
const HELM_MANAGER = 'helm'
/** The status of a Deployment is written often, and each write in between makes ours a conflict. */
const MOST_TRIES = 10

interface ManagedFields {
  manager?: string
  operation?: string
  subresource?: string
  fieldsV1?: { 'f:spec'?: Record<string, unknown> }
}

/**
 * Makes Helm forget that it set `spec.replicas` of these Deployments; the number of pods stays. Otherwise the next helm
 * whose manifest omits the field removes it, and the API server's default is 1. Helm compares with the revision's
 * manifest (releases of Helm 3) or with the fields it owns (those of Helm 4), so it is removed from both.
 */
export async function keepReplicas(
  api: KubeApi,
  { app, namespace, revision, deployments }: KeepReplicasRequest,
): Promise<void> {
  // The record comes last: as long as it has the field, repeating the command does both.
  for (const name of deployments) await forgetInObject(api, { resource: DEPLOYMENTS, namespace, name })
  await forgetInRecord(
    api,
    { resource: recordResource(), namespace, name: `sh.helm.release.v1.${app}.v${revision}` },
    new Set(deployments),
  )
}

async function forgetInRecord(api: KubeApi, target: Target, deployments: Set<string>): Promise<void> {
  const record = await api.get<RecordObject>(target)
  const { manifest } = decodeRecord(record)
  const shorter = withoutReplicas(manifest, deployments)
  if (shorter === manifest) return
  const json = withManifest(releaseText(record), manifest, shorter)
  const zipped = gzipSync(json).toString('base64')
  const release = record.kind === 'ConfigMap' ? zipped : Buffer.from(zipped, 'latin1').toString('base64')
  await api.replace(target, { ...record, data: { ...record.data, release } })
}

/** The manifest without `spec.replicas` of these Deployments; everything else stays byte for byte. */
function withoutReplicas(manifest: string, deployments: Set<string>): string {
  return manifest
    .split(/^(?=---(?:\s|$))/m)
    .map((text) => {
      const [document] = parseAllDocuments(text)
      if (!document || !isMap(document.contents)) return text
      const isMeant =
        document.get('kind') === 'Deployment' && deployments.has(String(document.getIn(['metadata', 'name'])))
      const spec: unknown = document.get('spec', true)
      return isMeant && isMap(spec) ? withoutKey(text, spec, 'replicas') : text
    })
    .join('')
}

/**
 * The text without a key of a map and its value: cut out, as re-serializing could change how other values are written.
 */
function withoutKey(text: string, map: YAMLMap, name: string): string {
  const pair = map.items.find(({ key }) => isScalar(key) && key.value === name)
  const start = (pair?.key as Node | undefined)?.range?.[0]
  if (!pair || start === undefined) return text
  const end = (pair.value as Node | null)?.range?.[1] ?? start
  if (!map.flow) {
    const nextLine = text.indexOf('\n', end) + 1
    return text.slice(0, text.lastIndexOf('\n', start) + 1) + (nextLine > 0 ? text.slice(nextLine) : '')
  }
  const after = text.slice(end)
  const rest = after.replace(/^\s*,\s*/, '')
  return (rest === after ? text.slice(0, start).replace(/,\s*$/, '') : text.slice(0, start)) + rest
}

/** The record's JSON with another manifest. Not parsed and serialized: numbers must stay as Helm wrote them. */
function withManifest(json: string, manifest: string, by: string): string {
  for (const { 0: found, index } of json.matchAll(/"manifest":("(?:[^"\\]|\\.)*")/g)) {
    if (JSON.parse(found.slice('"manifest":'.length)) !== manifest) continue
    return `${json.slice(0, index)}"manifest":${JSON.stringify(by)}${json.slice(index + found.length)}`
  }
  throw new Error("a release's record has no manifest")
}

async function forgetInObject(api: KubeApi, target: Target): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const object = await api.find<ClusterObject>(target)
    const entries = (object?.metadata.managedFields ?? []) as ManagedFields[]
    const applied = entries.find(
      ({ manager, operation, subresource }) =>
        manager === HELM_MANAGER && operation === 'Apply' && subresource === undefined,
    )
    const spec = applied?.fieldsV1?.['f:spec']
    if (!object || !spec || !('f:replicas' in spec)) return
    const { 'f:replicas': _replicas, ...others } = spec
    const shorter = { ...applied, fieldsV1: { ...applied.fieldsV1, 'f:spec': others } }
    try {
      return await api.patch(target, [
        { op: 'replace', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion },
        {
          op: 'replace',
          path: '/metadata/managedFields',
          value: entries.map((entry) => (entry === applied ? shorter : entry)),
        },
      ])
    } catch (error) {
      const isStale = error instanceof ApiError && error.status === 409
      if (!isStale || attempt === MOST_TRIES) throw error
    }
  }
}
