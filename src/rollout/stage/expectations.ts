import type { Expectation } from '../../model/verify/expectation.js'
import type { Stage } from '../../model/stage.js'
import { hasCanary, weightOf } from './stage.js'

/**
 * What traffic must show in a stage: regular requests by weight, canary requests all to the canary. `announced` are the
 * canary headers of a route to come: until it exists, canary requests must see the primary like all others, which
 * verifies that nothing changed for anybody.
 */
export function expectationsOf(
  app: string,
  stage: Stage,
  announced: Record<string, string> = {},
): Expectation[] {
  if (stage.name === 'absent' || stage.name === 'unknown') return []
  const paths = [`/${app}`]
  const { primary } = stage
  if (hasCanary(stage)) {
    const { canary, headers } = stage
    return [
      { kind: 'regular', paths, headers: {}, primary, canary, share: weightOf(stage) / 100 },
      { kind: 'canary', paths, headers, primary, canary, share: 1 },
    ]
  }
  const canary = stage.name === 'deployed' ? stage.canary : undefined
  const regular: Expectation = { kind: 'regular', paths, headers: {}, primary, canary, share: 0 }
  if (Object.keys(announced).length === 0) return [regular]
  return [regular, { ...regular, kind: 'canary', headers: announced }]
}

/**
 * The share of the expectation's canary that the same probes saw in another stage, 0..1: right after an upgrade, old
 * routes would show it. Undefined where that stage sends them to neither of its versions.
 */
export function shareIn(stage: Stage, { kind, headers, primary, canary }: Expectation): number | undefined {
  if (stage.name === 'absent' || stage.name === 'unknown') return undefined
  const toCanary = !hasCanary(stage)
    ? 0
    : kind === 'canary' && sameHeaders(stage.headers, headers)
      ? 1
      : weightOf(stage) / 100
  const seen = new Map<string, number>([[stage.primary, 1 - toCanary]])
  if (hasCanary(stage)) seen.set(stage.canary, toCanary)
  const total = (seen.get(primary) ?? 0) + (canary === undefined ? 0 : (seen.get(canary) ?? 0))
  if (total < 1) return undefined
  return canary === undefined ? 0 : (seen.get(canary) ?? 0)
}

function sameHeaders(one: Record<string, string>, other: Record<string, string>): boolean {
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
}
