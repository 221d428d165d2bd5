import { describeHeaders } from '../../model/describe-stage.js'
import type { CheckResult, Expectation } from '../../model/verify/expectation.js'

/** `0.4 s`, `12 s`, `2 min 5 s`: as exact as a person needs. */
export function elapsed(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  if (seconds < 59.5) return `${Math.round(seconds)} s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** How long ago, in the largest unit that fits: `5 s ago`, `3 min ago`, `2 h ago`, `4 d ago`. */
export function ago(iso: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(iso)) / 1000))
  if (Number.isNaN(seconds)) return 'at an unknown time'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}

/** `2026-11-23T10:00:00Z`, without the milliseconds. */
export function toTheSecond(iso: string): string {
  return iso.replace(/\.\d+Z$/, 'Z')
}

/** Who approved: the API server's name for them, else the name on their own host, labelled as such. */
export function describeApprover({ who, identity }: { who: string; identity?: string }): string {
  return identity === undefined ? `${who} (by their own word)` : `${identity} (${who})`
}

/** A wave by its name; one that the runbook does not name by its number: `wave edge`, `wave 1`. */
export function waveText(name: string): string {
  return `wave ${/^wave-(\d+)$/.exec(name)?.[1] ?? name}`
}

/** `50 %`, `48.7 %`: one decimal unless it is whole. */
export function percent(share: number): string {
  const value = Math.round(share * 1000) / 10
  return `${Number.isInteger(value) ? value : value.toFixed(1)} %`
}

/** The requests of a check: `with stage: canary`, `without the header`, or empty if there is only one kind. */
export function whichRequests(expectation: Expectation, among: Expectation[]): string {
  const canaryKind = among.filter(({ kind }) => kind === 'canary')
  if (expectation.kind === 'canary') return `with ${describeHeaders(expectation.headers)}`
  const headers = Math.max(0, ...canaryKind.map((other) => Object.keys(other.headers).length))
  if (headers === 0) return ''
  return `without the header${headers > 1 ? 's' : ''}`
}

/** The counted answers: `v1 459/459`, or for a split `v2 306/612 (50 %, wanted 50 %)`. */
export function countPhrase(check: CheckResult): string {
  const { expectation, sent, byVersion } = check
  const { primary, canary, share } = expectation
  const split = canary !== undefined && share > 0 && share < 1
  const wanted = canary !== undefined && share > 0 ? canary : primary
  const main = `${wanted} ${byVersion[wanted] ?? 0}/${sent}`
  const [low, high] = check.interval
  const parts = [
    split
      ? `${main} (${percent(sent === 0 ? 0 : (byVersion[wanted] ?? 0) / sent)}, wanted ${percent(share)}, ` +
        `interval ${percent(low)} to ${percent(high)})`
      : main,
    ...Object.entries(byVersion)
      .filter(([version, count]) => count > 0 && version !== wanted && !(split && version === primary))
      .map(([version, count]) => `${version} ${count}`),
    ...(check.unidentified > 0 ? [`${check.unidentified} without a version`] : []),
    ...check.errors.map(({ text, count }) => `${text} ${count}×`),
    ...(check.counted ? [`counted by the proxy's own counters (${check.counted.probes} probes)`] : []),
  ]
  return parts.join(', ')
}

/** A check in one line: `v1 459/459 without the header`. */
export function checkPhrase(check: CheckResult, among: Expectation[]): string {
  return `${countPhrase(check)} ${whichRequests(check.expectation, among)}`.trim()
}

/** An expectation in one line: `all answers from v1`. */
export function expectationPhrase({ primary, canary, share }: Expectation): string {
  if (canary === undefined || share === 0) return `all answers from ${primary}`
  if (share === 1) return `all answers from ${canary}`
  return `${percent(share)} of the answers from ${canary}, ${percent(1 - share)} from ${primary}`
}
