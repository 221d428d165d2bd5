import { UsageError } from '../../model/errors.js'
import type { Handover, RoutesToReplace } from '../provider.js'

/** An HTTPRoute has no order among others that an upgrade could change: taking over is not there yet. */
export function handover(app: string, routes: RoutesToReplace[]): Handover {
  if (routes.length === 0) return { beside: '', serving: '', behind: [], replaced: [], byHand: [] }
  const names = routes.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`)
  throw new UsageError(
    `${names.join(', ')} already ${routes.length === 1 ? 'leads' : 'lead'} requests to ${app}: taking them over with provider gateway-api is not possible yet.`,
    {
      state: 'Nothing was changed.',
      nextSteps: ['choose paths or hostnames that no route of others has, or take the app over with Gloo'],
    },
  )
}
