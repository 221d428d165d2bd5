import type { CanaryEvent } from '../../model/events/events.js'
import type { CheckResult, StageProof } from '../../model/verify/expectation.js'
import type { Plan, Step } from '../../model/plan.js'

/** What every line of a journal begins with. */
export interface JournalHead {
  /** Form of the line; another number where a field's meaning changes. */
  v: 1
  /** ISO time. */
  time: string
  /** The same for all lines of one run, on all its apps. */
  runId: string
  app?: string
  /** Name of the cluster in the runbook; absent where there is one alone. */
  cluster?: string
  type: string
}

/** One line: the head, and what happened in plain fields (schema/journal-v1.json). */
export type JournalLine = JournalHead & Record<string, unknown>

/**
 * What a journal keeps of an event: what happened, with its counts and verdicts. Undefined for what only shows that
 * something is under way (pods still starting, counts so far), of which there is no end.
 */
export function journalFields(event: CanaryEvent): ({ type: string } & Record<string, unknown>) | undefined {
  switch (event.type) {
    case 'pods':
    case 'check-progress':
    case 'analysis-progress':
      return undefined
    case 'planned':
      return { type: event.type, ...planFields(event.plan) }
    case 'step-started':
      return { type: event.type, ...stepFields(event.step), index: event.index, of: event.of }
    case 'upgraded':
      return {
        type: event.type,
        ...stepFields(event.step),
        revision: event.revision,
        elapsedMs: event.elapsedMs,
      }
    case 'step-done':
      return { type: event.type, ...stepFields(event.step), elapsedMs: event.elapsedMs }
    case 'verifying':
      return { type: event.type, stage: event.stage, url: event.url }
    case 'check':
      return { type: event.type, ...checkFields(event.check) }
    case 'verified':
      return { type: event.type, stage: event.stage, ...proofFields(event.proof) }
    case 'analyzed':
      return {
        type: event.type,
        verdict: event.analysis.verdict,
        pairs: event.analysis.pairs,
        gates: event.analysis.gates.map(({ name, verdict, reason }) => ({ name, verdict, reason })),
      }
    default:
      return { ...event }
  }
}

function planFields({ from, to, steps, namespace }: Plan): Record<string, unknown> {
  return { namespace, from, to, steps: steps.map(({ name, title }) => ({ name, title })) }
}

function stepFields({ name, title, to }: Step): Record<string, unknown> {
  return { step: name, title, to }
}

function checkFields(check: CheckResult): Record<string, unknown> {
  const { expectation, verdict, reason, sent, byVersion, unidentified, errors, interval, elapsedMs } = check
  const { kind, primary, canary, share } = expectation
  return {
    kind,
    primary,
    ...(canary === undefined ? {} : { canary }),
    share,
    verdict,
    reason,
    sent,
    byVersion: { ...byVersion },
    unidentified,
    errors,
    interval,
    elapsedMs,
  }
}

function proofFields({ verdict, proxies, convergedMs, shadow }: StageProof): Record<string, unknown> {
  return {
    verdict,
    ...(proxies ? { proxies } : {}),
    ...(convergedMs === undefined ? {} : { convergedMs }),
    ...(shadow ? { shadow } : {}),
  }
}
