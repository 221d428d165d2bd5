import type { Verdict } from '../../model/expectation.js'
import { describeStage } from '../../model/describe-stage.js'
import type { HistoryEntry, HistoryGap, RolloutHistory } from '../../model/results/history.js'
import type { RevisionSummary } from '../../model/release.js'
import type { Stage } from '../../model/stage.js'
import { type DescribedStep, parseDescription } from './description.js'
import { revisionChanges } from './revision-changes.js'
import { hasCanary, stageOf, weightOf } from '../stage/stage.js'

/** Helm's own description of a rollback. */
const ROLLBACK = /^Rollback to (\d+)$/

/** What the proof of one revision came to, as it is kept beside the release. */
export interface ProofOfRevision {
  revision: number
  verdict: Verdict
  /** ISO time. */
  at: string
}

/** Who had Helm make a rollback, and by which command, as it is kept beside the release. */
export interface RollbackNote {
  /** The revision that the rollback made. */
  revision: number
  command: string
  who: string
  /** ISO time. */
  at: string
}

/**
 * A release's revisions (oldest first) as events of its rollouts. A proof or note that is older than the revision of its
 * number belongs to a release of that name that was there before, and is left out.
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
 * The rollout that the deployed stable stage came from by being finished: the version before, and the one that took
 * over. Undefined where it came from an install or an abort, or where the history no longer says.
 */
export function finishedRollout(revisions: RevisionSummary[]): { from: string; to: string } | undefined {
  const deployed = deployedIn(revisions)
  const to = deployed?.config && stageOf(deployed.config)
  if (to?.name !== 'stable') return undefined
  // An upgrade of the values leaves the stage as it is; a revision that failed tells what was gone back from.
  const before = revisions.findLast(({ revision, config }) => {
    if (revision >= deployed!.revision || !config) return false
    const stage = stageOf(config)
    return stage.name !== 'stable' || stage.primary !== to.primary
  })
  const from = before && tookEffect(before) ? primaryOf(before) : undefined
  return from === undefined || from === to.primary ? undefined : { from, to: to.primary }
}

/** The version that was the primary before the deployed one; undefined where the history doesn't say. */
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

/** Whether a revision's objects were all applied: it is deployed, or was. */
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

/** Of a rollback Helm keeps only where it went; who had it made is noted beside the release. */
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

/** What a revision came to of which only the values tell: made by hand, or failed. */
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

/** Revisions between the first and the newest that Helm's history limit has trimmed. */
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
