import type { Snapshot } from '../../../model/results/diagnosis.js'
import { NO_FALLBACK } from '../description.js'
import { usedUpstreams } from '../diagnosis/facts.js'
import type { GlooSnapshot } from '../types.js'

/** Gloo's objects in terms that all providers share. */
export function neutral(objects: GlooSnapshot): Pick<Snapshot, 'routes' | 'fallback'> {
  const answersAny = usedUpstreams(objects).some(({ fallbackPolicy }) => fallbackPolicy !== 'NO_FALLBACK')
  return {
    routes: objects.table,
    ...(answersAny
      ? {
          fallback: {
            evidence:
              "the Upstream's fallbackPolicy is ANY_ENDPOINT, Gloo's default: any other pod answers instead, with 200",
            remedy: `set ${NO_FALLBACK} in the values, so that this shows as 503`,
          },
        }
      : {}),
  }
}
