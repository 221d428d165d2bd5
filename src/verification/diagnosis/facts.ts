import type {
  Cause,
  ObjectRef,
  Snapshot,
  SnapshotDelegation,
  SnapshotVersion,
} from '../../model/results/diagnosis.js'
import type { AnswerSample, CheckResult, StageProof } from '../../model/expectation.js'

/** What a rule looks at: answers, the surroundings, or both. `app` and `namespace` are known in any case. */
export interface Facts extends ObjectRef {
  proof?: StageProof
  snapshot?: Snapshot
}

/** One cause, where the facts speak for it. */
export type Rule = (facts: Facts) => Cause | undefined

export function failing({ proof }: Facts): CheckResult[] {
  return (proof?.checks ?? []).filter(({ verdict }) => verdict !== 'pass')
}

/** Errors by kind of the checks that did not pass, those before the wanted routes included. */
export function errorKinds(facts: Facts): Map<string, number> {
  const kinds = new Map<string, number>()
  for (const { errors, unjudged } of failing(facts)) {
    for (const [kind, count] of Object.entries(unjudged?.errors ?? errors))
      kinds.set(kind, (kinds.get(kind) ?? 0) + count)
  }
  return kinds
}

/** How many answers of those checks were such an error. */
export function errorsOf(facts: Facts, isMeant: (kind: string) => boolean): number {
  return [...errorKinds(facts)].reduce((sum, [kind, count]) => sum + (isMeant(kind) ? count : 0), 0)
}

export function errorCount({ errors }: Pick<CheckResult, 'errors'>): number {
  return Object.values(errors).reduce((sum, count) => sum + count, 0)
}

export function samplesOf(facts: Facts): AnswerSample[] {
  return failing(facts).flatMap(({ samples, unjudged }) => unjudged?.samples ?? samples)
}

/** `RouteTable echo-routes in namespace echo`. */
export function refText(kind: string, { name, namespace }: ObjectRef): string {
  return `${kind} ${name} in namespace ${namespace}`
}

export function same(one: ObjectRef, other: ObjectRef): boolean {
  return one.name === other.name && one.namespace === other.namespace
}

/** The delegations that select the app's RouteTable; undefined where they could not be looked at. */
export function delegationsToApp({ delegations, table }: Snapshot): SnapshotDelegation[] | undefined {
  if (!delegations || !table) return undefined
  return delegations.filter(({ tables }) => tables.some((entry) => same(entry, table)))
}

/** Addresses that Gloo would send requests of a version to; undefined where nothing tells. */
export function readyOf(snapshot: Snapshot, version: string): number | undefined {
  if (!snapshot.versions) return undefined
  const entry = snapshot.versions.find((candidate) => candidate.version === version)
  return entry ? readyIn(entry) : 0
}

function readyIn({ ready, endpoints }: SnapshotVersion): number {
  return endpoints ? endpoints.ready : ready
}

/** `12 of 40`. */
export function ofAll(count: number, all: number): string {
  return `${count} of ${all}`
}
