import type { Expectation } from '../model/expectation.js'
import type { Stage } from '../model/stage.js'
import { hasCanary, weightOf } from './stage.js'

/**
 * What traffic must show in a stage: unmarked requests by weight, marked ones all to the canary.
 * `announced` are the canary headers of a route still to come: while there is none, marked requests must see the
 * primary like all others, which proves that nothing changed for anybody.
 */
export function expectationsOf(
  app: string,
  stage: Stage,
  announced: Record<string, string> = {},
  paths: string[] = [`/${app}`],
): Expectation[] {
  if (stage.name === 'absent' || stage.name === 'unknown') return []
  const { primary } = stage
  return paths.flatMap((path): Expectation[] => {
    if (hasCanary(stage)) {
      const { canary, headers } = stage
      return [
        { kind: 'unmarked', path, headers: {}, primary, canary, share: weightOf(stage) / 100 },
        { kind: 'marked', path, headers, primary, canary, share: 1 },
      ]
    }
    const canary = stage.name === 'deployed' ? stage.candidate : undefined
    const unmarked: Expectation = { kind: 'unmarked', path, headers: {}, primary, canary, share: 0 }
    if (Object.keys(announced).length === 0) return [unmarked]
    return [unmarked, { ...unmarked, kind: 'marked', headers: announced }]
  })
}
