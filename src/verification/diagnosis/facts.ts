import { canaryCommand } from '../../model/command-line.js'
import type { ErrorCount, ErrorKind } from '../../model/verify/answer-errors.js'
import type { Cause, ObjectRef, Snapshot, SnapshotVersion } from '../../model/results/diagnosis.js'
import type { RoutingTexts } from '../../model/routing.js'
import type { ProxyAnswers } from '../answers/proxy-answers.js'
import { addedCounts, totalOf } from '../answers/error-counts.js'
import type { AnswerSample, CheckResult, StageProof } from '../../model/verify/expectation.js'

/** Input of the rules: answers, the snapshot, or both. `app` and `namespace` are always known. */
export interface Facts extends ObjectRef {
  proof?: StageProof
  snapshot?: Snapshot
  /** The routing provider's texts, and how to recognise its proxies in answers. */
  texts: RoutingTexts
  answers: ProxyAnswers
}

/** Returns a cause if the facts support it. */
export type Rule = (facts: Facts) => Cause | undefined

export function failing({ proof }: Facts): CheckResult[] {
  return (proof?.checks ?? []).filter(({ verdict }) => verdict !== 'pass')
}

/** Errors of the checks that did not pass, including those before the wanted routes. */
export function errorsOf(facts: Facts): ErrorCount[] {
  return addedCounts(...failing(facts).map(({ errors, unjudged }) => unjudged?.errors ?? errors))
}

/** How many answers of those checks had an error of these kinds. */
export function countOf(facts: Facts, ...kinds: ErrorKind[]): number {
  return totalOf(errorsOf(facts).filter(({ kind }) => kinds.includes(kind)))
}

/** How many had an error status without a more specific kind. */
export function statusCount(facts: Facts, isMeant: (status: number) => boolean): number {
  return totalOf(
    errorsOf(facts).filter(
      ({ kind, status }) => kind === 'status' && status !== undefined && isMeant(status),
    ),
  )
}

export function samplesOf(facts: Facts): AnswerSample[] {
  return failing(facts).flatMap(({ samples, unjudged }) => unjudged?.samples ?? samples)
}

/** `Service echo in namespace echo`. */
export function refText(kind: string, { name, namespace }: ObjectRef): string {
  return `${kind} ${name} in namespace ${namespace}`
}

export function same(one: ObjectRef, other: ObjectRef): boolean {
  return one.name === other.name && one.namespace === other.namespace
}

/** Ready addresses of a version; undefined if unknown. */
export function readyOf(snapshot: Snapshot, version: string): number | undefined {
  if (!snapshot.versions) return undefined
  const entry = snapshot.versions.find((candidate) => candidate.version === version)
  return entry ? readyIn(entry) : 0
}

function readyIn({ ready, endpoints }: SnapshotVersion): number {
  return endpoints ? endpoints.ready : ready
}

/** `canary verify` of the app, to paste. */
export function verifyCommand({ name: app, namespace }: Facts, ...flags: string[]): string {
  return canaryCommand(['verify', app, ...flags], { app, namespace })
}

/** `12 of 40`. */
export function ofAll(count: number, all: number): string {
  return `${count} of ${all}`
}
