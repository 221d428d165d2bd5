import { isDeepStrictEqual } from 'node:util'
import { canaryCommand, commented } from '../../../model/command-line.js'
import type { AppLock } from '../../../cluster/ports/locks.js'
import type { UpgradeRequest } from '../../../cluster/ports/releases.js'
import { ConflictError, ExternalError } from '../../../model/errors.js'
import type { ReleaseHistory, Revision, RevisionSummary } from '../../../model/release.js'
import type { JsonObject } from '../../../model/values.js'
import { changeLine, diffValues } from '../../../model/values-diff.js'
import type { OperationContext } from '../../context.js'

/** Helm failed after it had created its revision: the release needs recovery first. */
export class UnfinishedError extends ExternalError {}

/** Delays before retrying an upgrade that created no revision, milliseconds. */
const PAUSES_MS = [500, 1000, 2000]

/** Helm's messages for transient failures of the cluster or network. */
const TRANSIENT =
  /too many requests|internal error|internal server error|service ?unavailable|currently unable to handle|gateway time-?out|timed? ?out|deadline exceeded|\bEOF\b|connection re(set|fused)|connection lost|tls handshake|etcdserver|try again|unexpected error|status code 5\d\d|unable to (re)?load|couldn't get|could not get/i

/** Helm's messages when somebody else created the revision; its values may equal ours. */
const LOST_RACE = /release: already exists|another operation .* is in progress|cannot re-?use a name/i

/**
 * One helm upgrade (an install without a `before`). Whatever helm's exit, the release's record decides: a deployed
 * revision counts as done; if none was created, a transient failure is retried. Throws UnfinishedError if a failed or
 * pending revision is left, ConflictError if somebody else created one.
 */
export async function applyStep(
  context: OperationContext,
  lock: AppLock | undefined,
  request: UpgradeRequest,
  before: Revision | undefined,
): Promise<Revision> {
  const { cluster, clock, emit, signal } = context
  for (let attempt = 0; ; attempt += 1) {
    await lock?.confirm()
    let made: number | undefined
    let failure: ExternalError | undefined
    try {
      made = before ? await cluster.upgrade(request) : await cluster.install(request)
    } catch (error) {
      if (!(error instanceof ExternalError)) throw error
      failure = error
    }
    const history = await look(context, request, failure)
    const newest = history?.newest
    const madeNothing = newest?.revision === before?.revision
    if (failure && madeNothing) {
      const next = PAUSES_MS[attempt]
      if (next === undefined || !isTransient(failure) || signal.aborted) throw failure
      emit({ type: 'warning', message: `${failure.message} No revision was created: retrying.` })
      await clock.sleep(next, signal)
      continue
    }
    const expected = (before?.revision ?? 0) + 1
    const isOurs =
      newest?.revision === (made ?? expected) &&
      isDeepStrictEqual(newest.config, request.values) &&
      !(failure && LOST_RACE.test(failure.stderr ?? ''))
    if (!newest || !isOurs || newest.revision !== expected) throw foreign(request, before, history, made)
    if (newest.status === 'deployed') {
      if (failure) {
        emit({
          type: 'warning',
          message: `helm failed, but revision ${newest.revision} is deployed: ${failure.message}`,
        })
      }
      return newest
    }
    throw unfinished(request, newest, failure)
  }
}

/** The release after helm ended. If it cannot be read, the error includes helm's own failure. */
async function look(
  { cluster, again }: Pick<OperationContext, 'cluster' | 'again'>,
  { app, namespace }: UpgradeRequest,
  failure: ExternalError | undefined,
): Promise<ReleaseHistory | undefined> {
  try {
    return (await cluster.findReleases(app, namespace))[0]
  } catch (error) {
    if (!(error instanceof ExternalError)) throw error
    const first = failure ?? error
    throw new ExternalError(first.message, {
      command: first.command,
      code: first.code,
      stderr: first.stderr,
      details: failure ? [`and the release can't be read: ${error.message}`] : first.details,
      state: `Helm ran for ${app}; whether it created its revision is unknown.`,
      nextSteps: [
        commented(canaryCommand(['status', app], { app, namespace }), 'once the cluster answers again'),
        commented(again, 'then continues from here'),
      ],
      cause: error,
    })
  }
}

/** Whether a retry may help: the cluster or network failed, not the request. */
export function isTransient({ stderr = '', message }: ExternalError): boolean {
  return TRANSIENT.test(stderr || message)
}

function unfinished(
  request: UpgradeRequest,
  { revision, status, description }: Revision,
  failure: ExternalError | undefined,
): UnfinishedError {
  return new UnfinishedError(failure?.message ?? `Revision ${revision} is ${status}: ${description}`, {
    command: failure?.command,
    code: failure?.code,
    stderr: failure?.stderr,
    details: [`revision ${revision} of ${request.app} is ${status}; what it applied remains`],
    nextSteps: failure?.nextSteps,
    evidence: { ...failure?.evidence, revision, status, description },
    cause: failure,
  })
}

/** Somebody else created a revision: the error shows both sides' values. */
function foreign(
  { app, namespace, values }: UpgradeRequest,
  before: Revision | undefined,
  history: ReleaseHistory | undefined,
  made: number | undefined,
): ConflictError {
  const others = (history?.revisions ?? []).filter(
    ({ revision }) => revision > (before?.revision ?? 0) && revision !== made,
  )
  const named = others.map(nameRevision).join(', ') || 'none'
  const theirs = others.at(-1)?.config
  return new ConflictError(
    made === undefined
      ? `Somebody else changed ${app} concurrently: ${named}. This step was not applied.`
      : `Somebody else changed ${app} concurrently: Helm created revision ${made} for this step in addition to ${named}.`,
    {
      state:
        made === undefined
          ? 'Their revision is the current one.'
          : `The newest revision is ${history?.newest?.revision ?? 'gone'}: compare both before going on.`,
      details: differences(before?.config ?? {}, theirs, values),
      nextSteps: [
        canaryCommand(['history', app], { app, namespace }),
        canaryCommand(['status', app], { app, namespace }),
      ],
      evidence: { before: before?.config ?? null, theirs: theirs ?? null, ours: values },
    },
  )
}

function nameRevision({ revision, status, description }: RevisionSummary): string {
  return `revision ${revision} (${status}${description ? `: ${description}` : ''})`
}

/** What each side changed, one line per value. */
export function differences(before: JsonObject, theirs: JsonObject | undefined, ours: JsonObject): string[] {
  const lines = (who: string, after: JsonObject) =>
    diffValues(before, after).map((change) => `${who} ${changeLine(change)}`)
  return [...(theirs ? lines('theirs', theirs) : []), ...lines('ours  ', ours)]
}
