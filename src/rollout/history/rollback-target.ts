import { isDeepStrictEqual } from 'node:util'
import type { Revision, RevisionSummary } from '../../model/release.js'
import { notOwned, versionsThatServe } from '../plan/safety/safety.js'
import { stageOf } from '../stage/stage.js'

/**
 * The revision for a rollback from an unfinished one: the last deployed one, as each step can be reverted without
 * losing a request. If that one routes to a canary, it is instead the newest revision that sends everything to the same
 * primary and removes nothing that may get requests now, if the history has it and the primary has a ready pod. `ready`
 * are the versions with a ready pod; leave it empty to go one step back only.
 */
export function rollbackTarget(
  revisions: RevisionSummary[],
  deployed: Revision,
  unfinished: Revision,
  ready: ReadonlySet<string>,
): number {
  const stage = stageOf(deployed.config)
  if (!('primary' in stage) || !ready.has(stage.primary)) return deployed.revision
  const mayServe = [stage, stageOf(unfinished.config)].flatMap(versionsThatServe)
  const back = revisions.findLast((other) => {
    const { config, status, chart } = other
    if (!config || (status !== 'superseded' && status !== 'deployed')) return false
    if (chart?.name !== deployed.chart.metadata.name || chart.version !== deployed.chart.metadata.version) {
      return false
    }
    const to = stageOf(config)
    if ((to.name !== 'deployed' && to.name !== 'stable') || to.primary !== stage.primary) return false
    const versions = to.name === 'deployed' ? [to.primary, to.canary] : [to.primary]
    return (
      mayServe.every((version) => versions.includes(version)) &&
      isDeepStrictEqual(notOwned(config), notOwned(deployed.config)) &&
      versions.every((version) => sameConfig(version, other, deployed))
    )
  })
  return back?.revision ?? deployed.revision
}

/** A version that is deployed keeps its pods if both revisions have the same configuration. */
function sameConfig(version: string, other: RevisionSummary, deployed: Revision): boolean {
  const before = configOf(deployed.config, version)
  return before === undefined || isDeepStrictEqual(configOf(other.config ?? {}, version), before)
}

function configOf(config: Revision['config'], version: string): unknown {
  const { deployment } = config
  return typeof deployment === 'object' && deployment !== null && !Array.isArray(deployment)
    ? deployment[version]
    : undefined
}
