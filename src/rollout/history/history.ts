import type { Verdict } from '../../model/verify/expectation.js'
import { describeStage } from '../../model/describe-stage.js'
import type { HistoryEntry, HistoryGap, RolloutHistory } from '../../model/results/history.js'
import type { RevisionSummary } from '../../model/release.js'
import type { Stage } from '../../model/stage.js'
import { type DescribedStep, parseDescription } from './description.js'
import { revisionChanges } from './revision-changes.js'
import { hasCanary, stageOf, weightOf } from '../stage/stage.js'

/** Helm's own description of a rollback. */
const ROLLBACK = /^Rollback to (\d+)$/

/** The verdict of one revision's verification, kept beside the release. */
export interface ProofOfRevision {
  revision: number
  verdict: Verdict
  /** ISO time. */
  at: string
}

/** Who ran the rollback that Helm made, and with which command; kept beside the release. */
export interface RollbackNote {
  /** The revision that the rollback made. */
  revision: number
  command: string
  who: string
  /** ISO time. */
  at: string
}

/**
 * A release's revisions (oldest first) as events of its rollouts. A proof or note older than the revision of its number
 * belongs to an earlier release of that name, and is ignored.
 */
export function rolloutHistory(
  revisions: RevisionSummary[],
  proofs: ProofOfRevision[],
  rollbacks: RollbackNote[] = [],
): RolloutHistory {
  const entries = revisions.map((revision, index) => {
    const before = revisions.slice(0, index).findLast(tookEffect)
    return entryOf(revision, before, proofs, rollbacks)
  })
  return { entries, gaps: gapsIn(revisions) }
}

/**
 * The finished rollout that led to the deployed stable stage: the version before, and the one that took over. Undefined
 * after an install or an abort, or where the history no longer reaches back.
 */
export function finishedRollout(revisions: RevisionSummary[]): { from: string; to: string } | undefined {
  const deployed = deployedIn(revisions)
  const to = deployed?.config && stageOf(deployed.config)
  if (to?.name !== 'stable') return undefined
  // An upgrade of the values keeps the stage; a failed revision shows what was rolled back.
  const before = revisions.findLast(({ revision, config }) => {
    if (revision >= deployed!.revision || !config) return false
    const stage = stageOf(config)
    return stage.name !== 'stable' || stage.primary !== to.primary
  })
  const from = before && tookEffect(before) ? primaryOf(before) : undefined
  return from === undefined || from === to.primary ? undefined : { from, to: to.primary }
}

/** The primary before the deployed one; undefined where the history does not reach back. */
export function primaryBefore(revisions: RevisionSummary[]): string | undefined {
  const deployed = deployedIn(revisions)
  const primary = deployed && primaryOf(deployed)
  if (primary === undefined) return undefined
  const before = revisions.findLast((revision) => {
    const earlier = revision.revision < deployed!.revision && tookEffect(revision) && primaryOf(revision)
    return typeof earlier === 'string' && earlier !== primary
  })
  return before && primaryOf(before)
}

/** Whether all objects of a revision were applied: it is or was deployed. */
export function tookEffect({ status }: RevisionSummary): boolean {
  return status === 'deployed' || status === 'superseded'
}

function deployedIn(revisions: RevisionSummary[]): RevisionSummary | undefined {
  return revisions.findLast(({ status }) => status === 'deployed')
}

function primaryOf({ config }: RevisionSummary): string | undefined {
  const stage: Stage | undefined = config && stageOf(config)
  return stage && 'primary' in stage ? stage.primary : undefined
}

function entryOf(
  summary: RevisionSummary,
  before: RevisionSummary | undefined,
  proofs: ProofOfRevision[],
  rollbacks: RollbackNote[],
): HistoryEntry {
  const { revision, status, updated: when, description, config } = summary
  const stage = config && stageOf(config)
  const described = parseDescription(description) ?? describedRollback(summary, rollbacks)
  const proof = proofs.findLast((entry) => entry.revision === revision && !isBefore(entry.at, when))
  return {
    revision,
    when,
    status,
    stage,
    ...(stage && hasCanary(stage) ? { weight: weightOf(stage) } : {}),
    what: described ? canarysOwn(described) : whatHappened(summary, before),
    command: described?.command,
    step: described?.title,
    who: described?.who,
    ...(described?.run ? { run: described.run } : {}),
    proof: proof?.verdict ?? (described?.unverified === undefined ? 'not recorded' : 'unverified'),
    byCanary: described ? true : !config || !tookEffect(summary) ? undefined : false,
  }
}

/** Helm records only the target of a rollback; who ran it is noted beside the release. */
function describedRollback(
  { revision, description, updated, status }: RevisionSummary,
  rollbacks: RollbackNote[],
): DescribedStep | undefined {
  const to = status === 'failed' ? undefined : ROLLBACK.exec(description)?.[1]
  const note = rollbacks.findLast((one) => one.revision === revision && !isBefore(one.at, updated))
  if (to === undefined || !note) return undefined
  return { command: note.command, title: `roll back to revision ${to}`, who: note.who }
}

function canarysOwn({
  command,
  title,
  unverified,
  run,
}: NonNullable<ReturnType<typeof parseDescription>>): string {
  const ofRun = run ? ` [run ${run.id}, step ${run.step}]` : ''
  return `${command}: ${title}${unverified === undefined ? '' : ` (unverified: ${unverified})`}${ofRun}`
}

/** What a revision without a description of ours did, from its values: made by hand, or failed. */
function whatHappened(summary: RevisionSummary, before: RevisionSummary | undefined): string {
  const { revision, status, description, config } = summary
  if (!config) return description
  const rollback = ROLLBACK.exec(description)
  if (rollback && tookEffect(summary)) return `rolled back to revision ${rollback[1]}`
  const changes = before ? revisionChanges(before, summary).join('; ') || 'nothing changed' : undefined
  const what =
    changes ??
    (revision === 1 ? `installed, ${describeStage(stageOf(config))}` : describeStage(stageOf(config)))
  if (tookEffect(summary)) return `by hand: ${what}`
  return `${status} (${what})${description ? `: ${oneLine(description)}` : ''}`
}

/** Revisions between the first and the newest that Helm's history limit removed. */
function gapsIn(revisions: RevisionSummary[]): HistoryGap[] {
  let next = 1
  const gaps: HistoryGap[] = []
  for (const { revision } of revisions) {
    if (revision > next) gaps.push({ from: next, to: revision - 1 })
    next = revision + 1
  }
  return gaps
}

function isBefore(time: string, other: string): boolean {
  return Date.parse(time) < Date.parse(other)
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
