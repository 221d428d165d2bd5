import type { AnswerSample, Expectation } from '../../model/verify/expectation.js'
import type { Observation, Outcome } from '../answers/classify.js'
import { countsText } from '../answers/error-counts.js'
import { errorText } from '../answers/error-texts.js'
import type { Judgement, JudgeSettings } from './share-test.js'
import type { SentProbe } from '../probing/prober.js'
import type { Tally } from './tally.js'
import type { Stratum } from './window.js'

/** Findings of a count. `undecided`: the cap on answers is reached. */
export type Finding = Exclude<Judgement, 'continue'> | 'error' | 'other version' | 'undecided'

/** Why a check passed. */
export function passReason(
  expectation: Expectation,
  settings: JudgeSettings,
  tally: Tally,
  interval: [number, number],
): string {
  const { share, canary, primary } = expectation
  if (share === 0) return answered(primary, tally, expectation)
  if (share === 1) return answered(canary ?? primary, tally, expectation)
  return shareSentence(expectation, settings, tally, interval)
}

/** Why a count did not pass. */
export function findingReason(
  finding: Finding,
  expectation: Expectation,
  settings: JudgeSettings,
  tally: Tally,
  interval: [number, number],
  samples: AnswerSample[],
  errorRate = 0,
): string {
  switch (finding) {
    case 'error':
      return errorSentence(expectation, tally, samples, errorRate)
    case 'other version':
      return otherVersionSentence(expectation, tally)
    case 'unidentified':
      return unidentifiedSentence(expectation, tally, samples)
    case 'undecided':
      return `${shareSentence(expectation, settings, tally, interval)}: too close to call after ${tally.sent} answers`
    case 'pass':
    case 'fail':
      return shareSentence(expectation, settings, tally, interval)
  }
}

/** Why a check ended without its own verdict; `ended` is the cause. */
export function openReason(
  expectation: Expectation,
  tally: Tally,
  ended: string,
  seen: {
    unconverged: boolean
    /** Names of the proxies that do not serve the wanted routes, and how many are probed. */
    behind: string[]
    proxies: number
    looksBefore: ReadonlyMap<string, number>
    lastFinding?: string
  },
): string {
  if (seen.unconverged) {
    const looks = [...seen.looksBefore].sort(([, a], [, b]) => b - a).slice(0, 3)
    const answers =
      looks.length === 0
        ? 'no answers'
        : `answers to ${requests(expectation)}: ${looks.map(([look, count]) => `${count} × ${look}`).join(', ')}`
    const { behind, proxies } = seen
    const who =
      proxies < 2
        ? 'the proxy did not serve the wanted routes'
        : behind.length === proxies
          ? `none of the ${proxies} proxies served the wanted routes`
          : `${proxies - behind.length} of ${proxies} proxies serve the wanted routes, ${behind.join(', ')} did not`
    return `${who} before ${ended}; ${answers}`
  }
  const last = seen.lastFinding ? `; the count was restarted because ${seen.lastFinding}` : ''
  return `no verdict on ${requests(expectation)} before ${ended}, after ${plural(tally.sent, 'answer')}${last}`
}

/** For answers that fit the previous stage. */
export function asBefore(share: number): string {
  return `; that matches the previous stage (${percent(share)})`
}

/** The reason for a path or proxy that alone contradicts, and the shares of the others. */
export function partsReason({ name, of, tally }: Stratum, parts: readonly Stratum[], reason: string): string {
  const others = parts.filter((part) => part.of === of && part.tally !== tally)
  const shares = others.map((part) => {
    const { canary, expected } = part.tally
    return `${part.name} ${percent(expected === 0 ? 0 : canary / expected)}`
  })
  return `${of} ${name} by itself: ${reason} (of the others, ${shares.join(', ')})`
}

/** What an answer not of the wanted routes looked like. */
export function looksOf(outcome: Outcome, observation: Observation, header: string): string {
  if (!('answer' in outcome)) return errorText({ kind: outcome.failure })
  const { status, headers } = outcome.answer
  const routes = headers[header.toLowerCase()]
  const by = routes === undefined ? `without ${header}` : `with ${header} ${routes}`
  return observation.type === 'error' && status > 299
    ? `${errorText(observation.error)} ${by}`
    : `http ${status} ${by}`
}

function answered(version: string, tally: Tally, expectation: Expectation): string {
  const count = tally.byVersion[version] ?? 0
  return `${version} answered ${count} of ${tally.sent} ${requests(expectation)}`
}

function shareSentence(
  expectation: Expectation,
  { tolerance }: JudgeSettings,
  tally: Tally,
  interval: [number, number],
): string {
  const { share, primary, canary } = expectation
  if (share === 0 || share === 1) {
    const wrong = share === 0 ? canary : primary
    return `${answered(wrong ?? primary, tally, expectation)}; expected none`
  }
  const version = canary ?? primary
  const count = answered(version, tally, expectation)
  const expected = `expected ${percent(share)} ± ${points(tolerance)} points`
  return `${count}, ${percent(tally.canary / tally.sent)} (interval ${range(interval)}); ${expected}`
}

function otherVersionSentence(expectation: Expectation, tally: Tally): string {
  const { primary, canary, share } = expectation
  const wanted = share === 0 || !canary ? [primary] : share === 1 ? [canary] : [primary, canary]
  const others = Object.keys(tally.byVersion).filter((version) => version !== primary && version !== canary)
  const counts = others.map((version) => answered(version, tally, expectation)).join(', ')
  return `${counts}; expected only ${wanted.join(' and ')}`
}

function errorSentence(
  expectation: Expectation,
  tally: Tally,
  samples: AnswerSample[],
  errorRate: number,
): string {
  const sample = samples.find((entry) => entry.error !== undefined)
  return (
    `${countsText(tally.errors)} among ${tally.sent} ${requests(expectation)}; ` +
    (errorRate === 0 ? 'expected none' : `at most ${percent(errorRate)} may be errors of the application`) +
    (sample?.error && sample.status === undefined ? ` (first: ${sample.error})` : '')
  )
}

function unidentifiedSentence(expectation: Expectation, tally: Tally, samples: AnswerSample[]): string {
  const sample = samples.find(({ error, version }) => error === undefined && version === undefined)
  const looks = sample ? `; for example: ${describeSample(sample)}` : ''
  return `${tally.unidentified} of ${tally.sent} answers to ${requests(expectation)} named no version${looks}`
}

function describeSample({ status, headers, body }: AnswerSample): string {
  const type = headers?.['content-type']
  const text = (body ?? '').replace(/\s+/g, ' ').trim()
  return [
    `http ${status}`,
    ...(type ? [type] : []),
    text === '' ? 'an empty body' : `"${shorten(text, 60)}"`,
  ].join(', ')
}

/** The evidence of one answer. */
export function sampleOf(
  { index, issuedAt, probe, proxy }: SentProbe,
  outcome: Outcome,
  observation: Observation,
): AnswerSample {
  const at = new Date(performance.timeOrigin + issuedAt).toISOString()
  const probed = { index, at, path: probe.path, ...(proxy.name === '' ? {} : { proxy: proxy.name }) }
  if (!('answer' in outcome)) {
    const kind = outcome.failure
    return { ...probed, error: `${errorText({ kind })}: ${outcome.message}`, errorKind: kind }
  }
  const { status, headers, body } = outcome.answer
  return {
    ...probed,
    status,
    ...(observation.type === 'error'
      ? { error: errorText(observation.error), errorKind: observation.error.kind }
      : {}),
    ...(observation.type === 'version' ? { version: observation.version } : {}),
    headers,
    body: body.slice(0, 200),
  }
}

function requests({ kind, headers }: Expectation): string {
  if (kind === 'regular') return 'regular requests'
  const pairs = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return `canary requests (${pairs.join(', ')})`
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function percent(share: number): string {
  return `${points(share)} %`
}

function points(share: number): string {
  return String(Math.round(share * 1000) / 10)
}

function range([from, to]: [number, number]): string {
  return `${points(from)}–${points(to)} %`
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}
