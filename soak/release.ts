import { gunzipSync } from 'node:zlib'
import type { JsonObject } from '../src/model/values.js'
import type { Arena } from './arena.js'

/** A revision as Helm's own record has it, read past canary. */
export interface RecordedRevision {
  revision: number
  status: string
  description: string
  config: JsonObject
}

interface Item {
  metadata: { name: string; labels?: Record<string, string> }
  data?: { release?: string }
}

/** Every revision the cluster holds of an app (release and namespace of one name), oldest first. */
export async function revisionsOf(arena: Arena, app: string): Promise<RecordedRevision[]> {
  const secrets = await list(arena, `/api/v1/namespaces/${app}/secrets`, `owner=helm,name=${app}`)
  return secrets
    .map(({ data }) => {
      const zipped = Buffer.from(Buffer.from(data?.release ?? '', 'base64').toString(), 'base64')
      const release = JSON.parse(gunzipSync(zipped).toString()) as {
        version: number
        info: { status: string; description: string }
        config?: JsonObject
      }
      const { version, info, config } = release
      return { revision: version, status: info.status, description: info.description, config: config ?? {} }
    })
    .sort((a, b) => a.revision - b.revision)
}

/** Whether the app's newest revision is one that an upgrade is at, as the labels of its record say. */
export async function isUpgrading(arena: Arena, app: string): Promise<boolean> {
  const secrets = await list(arena, `/api/v1/namespaces/${app}/secrets`, `owner=helm,name=${app}`)
  const newest = secrets.reduce((a, b) => (revisionOf(a) > revisionOf(b) ? a : b))
  return newest.metadata.labels?.status === 'pending-upgrade'
}

function revisionOf({ metadata }: Item): number {
  return Number(metadata.labels?.version)
}

/** Deployments that carry the app's label but that its newest deployed values don't name. */
export async function orphansOf(arena: Arena, app: string): Promise<string[]> {
  const [revisions, deployments] = await Promise.all([
    revisionsOf(arena, app),
    list(arena, `/apis/apps/v1/namespaces/${app}/deployments`, `app.kubernetes.io/instance=${app}`),
  ])
  const deployed = revisions.findLast(({ status }) => status === 'deployed')
  const versions = Object.keys((deployed?.config.deployment ?? {}) as JsonObject)
  const named = versions.map((version) => `${app}-${version}`)
  return deployments.map(({ metadata }) => metadata.name).filter((name) => !named.includes(name))
}

async function list(arena: Arena, path: string, labelSelector: string): Promise<Item[]> {
  const response = await fetch(
    `${arena.apiUrl}${path}?${new URLSearchParams({ labelSelector }).toString()}`,
    {
      headers: { authorization: `Bearer ${arena.token}` },
    },
  )
  if (!response.ok) throw new Error(`the API answered ${response.status} for ${path}`)
  return ((await response.json()) as { items: Item[] }).items
}
