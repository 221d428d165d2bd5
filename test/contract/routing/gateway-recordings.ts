import { readFileSync } from 'node:fs'
import type { Like } from '../../../src/sandbox/gateway/gateway-api/like.js'
import { NO_ANSWER } from './count-answers.js'

// What real implementations of the Gateway API reported and answered for 31 routes.

interface Answers {
  /** By status, body and `[fingerprint]`. */
  answers: Record<string, number>
  headers: Record<string, Record<string, string>>
}

export interface Recording {
  name: string
  spec: { parentRefs: { name: string }[] }
  conditions: Partial<Record<Like, { type: string; observedGeneration: number }[]>>
  asked: ({ request: string; headers: Record<string, string> } & Record<Like, Answers>)[]
}

export const { scenarios } = JSON.parse(
  readFileSync(new URL('fixtures/gateway-api-recordings.json', import.meta.url), 'utf8'),
) as { scenarios: Recording[] }

/** Each implementation's Gateway in the recorded routes. */
export const NAMES: Record<Like, string> = { 'envoy-gateway': 'eg', contour: 'contour', traefik: 'traefik' }

/** What is random in an answer: whether a backend was quicker than a timeout of one millisecond. */
const BY_CHANCE = '504 upstream request timeout'

export function withoutTimes(conditions: object[] | undefined): object[] | undefined {
  return conditions?.map((one) => {
    const { lastTransitionTime: _, ...rest } = one as { lastTransitionTime: string }
    return rest
  })
}

/** Recorded answers without the fingerprint, which is among the headers. */
function byKind(answers: Record<string, number>): Record<string, number> {
  const kinds: Record<string, number> = {}
  for (const [answer, count] of Object.entries(answers)) {
    const kind = answer.startsWith('ConnectionRefused') ? NO_ANSWER : answer.replace(/ \[\w+\]$/, '')
    kinds[kind] = (kinds[kind] ?? 0) + count
  }
  return withoutChance(kinds)
}

export function kindsOf(answers: Record<string, number>): string[] {
  return Object.keys(byKind(answers))
}

export function withoutChance(answers: Record<string, number>): Record<string, number> {
  const { [BY_CHANCE]: _, ...rest } = answers
  return rest
}

export function hasChance(answers: Record<string, number>): boolean {
  return Object.keys(answers).some((answer) => answer.startsWith(BY_CHANCE))
}
