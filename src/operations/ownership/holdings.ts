import type { Emit } from '../../model/events/events.js'
import type { VersionPods } from '../../model/events/events.js'
import type { AppWorkloads, Workloads } from '../../cluster/ports/workloads.js'
import { type AppNeighbour, type Neighbour, neighbourLine } from '../../model/results/ownership.js'
import type { Revision } from '../../model/release.js'
import { nameOf } from '../../rollout/drift/drift.js'
import { isObject } from '../../rollout/values/merge.js'
import { versionsThatServe } from '../../rollout/plan/safety/safety.js'
import { stageOf } from '../../rollout/stage/stage.js'
import { parseManifest } from '../observe/manifest.js'
import type { Observation } from '../observe/observe.js'

/** The workloads with an app's labels, by owner. */
export interface Holdings {
  /** The app's own Deployments, orphans among them. */
  own: VersionPods[]
  /**
   * Deployments that Helm's metadata gives to the release, but that neither its values nor its manifest name: a failed
   * helm left them.
   */
  orphans: VersionPods[]
  /** Other owners' workloads: never touched. */
  neighbours: AppNeighbour[]
}

/** Reads the workloads with the app's labels and sorts them by owner. */
export async function holdingsOf(
  { cluster }: { cluster: Workloads },
  { app, namespace, deployed }: Pick<Observation, 'app' | 'namespace' | 'deployed'>,
): Promise<Holdings> {
  if (!namespace) return { own: [], orphans: [], neighbours: [] }
  return sorted(await cluster.workloads(app, namespace), deployed)
}

/** Sorts workloads by owner, using the deployed revision. */
export function sorted({ own, others }: AppWorkloads, deployed: Revision | undefined): Holdings {
  const { deployment } = deployed?.config ?? {}
  const versions = new Set(isObject(deployment) ? Object.keys(deployment) : [])
  const made = new Set(
    parseManifest(deployed?.manifest ?? '').flatMap((object) =>
      object.kind === 'Deployment' ? (nameOf(object) ?? []) : [],
    ),
  )
  // A Deployment of the manifest is the app's even if it lost Helm's metadata.
  const isOwn = ({ kind, name }: Neighbour) =>
    kind === 'Deployment' && made.has(name) && own.some((entry) => entry.deployment === name)
  const routed = deployed ? versionsThatServe(stageOf(deployed.config)) : []
  const neighbours = others
    .filter((entry) => !isOwn(entry))
    .map((entry) => ({ ...entry, getsRequests: entry.ready > 0 && routed.includes(entry.version) }))
  const foreign = new Set(neighbours.flatMap(({ kind, name }) => (kind === 'Deployment' ? [name] : [])))
  const kept = own.filter((entry) => !foreign.has(entry.deployment))
  const isOrphan = ({ version, deployment }: VersionPods) => !versions.has(version) && !made.has(deployment)
  return { own: kept, orphans: deployed ? kept.filter(isOrphan) : [], neighbours }
}

/** Reports each neighbour as a warning that names its owner. */
export function warnOfNeighbours({ emit }: { emit: Emit }, app: string, { neighbours }: Holdings): void {
  for (const neighbour of neighbours) emit({ type: 'warning', message: neighbourLine(app, neighbour) })
}
