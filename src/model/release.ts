import type { JsonObject } from './values.js'

/** The annotation in a Chart.yaml that lets canary move a chart's releases. */
export const CONTRACT = { annotation: 'canary/contract', version: 'v1' }

/** The bundled chart's name; releases of canary 0.1 have no annotation. */
export const CHART_NAME = 'gloo-app'

/** Whether canary may move the releases of a chart, by its Chart.yaml. */
export function keepsContract({ name, annotations }: { name?: unknown; annotations?: unknown }): boolean {
  if (name === CHART_NAME) return true
  const found = typeof annotations === 'object' && annotations !== null ? Object.entries(annotations) : []
  return found.some(([key, value]) => key === CONTRACT.annotation && value === CONTRACT.version)
}

/** Helm's own words for a revision's status. */
export type ReleaseStatus =
  | 'unknown'
  | 'deployed'
  | 'uninstalled'
  | 'superseded'
  | 'failed'
  | 'uninstalling'
  | 'pending-install'
  | 'pending-upgrade'
  | 'pending-rollback'

/** A file of a chart as Helm's record keeps it; data is base64. */
export interface ChartFile {
  name: string
  data: string
}

/** A chart as Helm's record keeps it. */
export interface ReleaseChart {
  metadata: { name: string; version: string } & JsonObject
  templates: ChartFile[]
  files: ChartFile[]
  values: JsonObject
  /** values.schema.json, base64. */
  schema?: string
}

/** One revision of a Helm release, from its record in the cluster. */
export interface Revision {
  name: string
  namespace: string
  revision: number
  status: ReleaseStatus
  description: string
  /** ISO time of the last change. */
  updated: string
  chart: ReleaseChart
  /** The user's values (without the chart's defaults). */
  config: JsonObject
  /** The rendered objects, a YAML stream. */
  manifest: string
  /** How Helm 4 applied them: server-side or client-side; Helm 3 only knows client-side and records nothing. */
  applyMethod?: 'ssa' | 'csa'
}

/** A revision without its manifest and its chart's files: what a history needs of each. */
export interface RevisionSummary extends Pick<Revision, 'revision' | 'status' | 'description' | 'updated'> {
  /** Name and version of the chart, and the user's values; absent if the record is unreadable. */
  chart?: { name: string; version: string }
  config?: JsonObject
  applyMethod?: Revision['applyMethod']
}

/** Everything known of a release: `deployed` carries the stage, `newest` may be a failed or pending one after it. */
export interface ReleaseHistory {
  name: string
  namespace: string
  deployed?: Revision
  newest?: Revision
  /** Oldest first. */
  revisions: RevisionSummary[]
}
