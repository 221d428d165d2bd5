import type { Admit } from './api-server/registry/context.js'
import type { Disturb, Disturbance } from './api-server/disturbance.js'
import { ApiError, type StatusBody } from './api-server/status.js'
import type { FaultRegistry } from './faults.js'
import type { Random } from './random.js'
import type { ObjectStore } from './api-server/store.js'
import { RESOURCES } from './api-server/resources.js'

/** Answers of a server in trouble, as Kubernetes words them. */
const TROUBLES: Record<number, { reason: string; message: string }> = {
  401: { reason: 'Unauthorized', message: 'Unauthorized' },
  429: {
    reason: 'TooManyRequests',
    message: 'the server has received too many requests and has asked us to try again later',
  },
  500: { reason: 'InternalError', message: 'Internal error occurred: etcdserver: request timed out' },
  503: { reason: 'ServiceUnavailable', message: 'the server is currently unable to handle the request' },
}
const BY_CHANCE = [429, 500, 503]

/** What the faults in force do to the API's requests. */
export function disturbApi(faults: FaultRegistry, random: Random): Disturb {
  const strikes = (percent: number) => random() * 100 < percent
  return ({ isWatch }) => {
    const delayMs = faults.of('api-latency')[0]?.ms
    const watchMs = isWatch ? faults.of('drop-watches')[0]?.ms : undefined
    const disturbance: Disturbance = { delayMs, watchMs }
    if (faults.of('api-down').length > 0) return { ...disturbance, connection: 'reset' }
    if (faults.of('api-stall').some(({ percent }) => strikes(percent)))
      return { ...disturbance, connection: 'stalled' }
    if (faults.of('expired-credentials').length > 0) return { ...disturbance, answer: trouble(401) }
    const failing = faults.of('api-errors').find(({ percent }) => strikes(percent))
    if (failing) {
      const chosen = BY_CHANCE[Math.floor(random() * BY_CHANCE.length)]!
      return { ...disturbance, answer: trouble(failing.status ?? chosen) }
    }
    if (faults.of('api-lost').some(({ percent }) => strikes(percent)))
      return { ...disturbance, connection: isWatch ? 'reset' : 'lost' }
    return disturbance
  }
}

function trouble(status: number): StatusBody {
  const { reason, message } = TROUBLES[status] ?? { reason: 'Unknown', message: `the server says ${status}` }
  return new ApiError(status, reason, message).body
}

interface Route {
  routeAction?: {
    single?: Destination
    multi?: { destinations?: { weight?: number; destination?: Destination }[] }
  }
}

interface Destination {
  upstream?: { name: string; namespace?: string }
}

/** Gloo's validating webhook in its strict mode, as far as routes and their Upstreams go. */
export function strictAdmission(faults: FaultRegistry, store: ObjectStore): Admit {
  return (resource, object) => {
    if (resource.kind !== 'RouteTable' || faults.of('strict-admission').length === 0) return
    const { routes = [] } = (object.spec ?? {}) as { routes?: Route[] }
    const own = object.metadata.namespace ?? ''
    for (const { routeAction } of routes) {
      const weighted = routeAction?.multi?.destinations ?? []
      if (weighted.length > 0 && weighted.every(({ weight = 0 }) => weight === 0)) {
        throw denied('Route Error: InvalidDestinationError. Reason: The sum of the weights is 0')
      }
      for (const { upstream } of [
        routeAction?.single,
        ...weighted.map(({ destination }) => destination),
      ].filter((destination) => destination !== undefined)) {
        if (!upstream || store.get(RESOURCES.upstreams, upstream.namespace ?? own, upstream.name)) continue
        throw denied(
          `Route Warning: InvalidDestinationWarning. Reason: *v1.Upstream { ${upstream.namespace ?? own}.${upstream.name} } not found`,
        )
      }
    }
  }
}

function denied(cause: string): ApiError {
  return new ApiError(
    400,
    '',
    'admission webhook "gloo.gloo-system.svc" denied the request: resource incompatible with current Gloo snapshot: ' +
      `[Validating *v1.RouteTable failed: validating *v1.RouteTable: ${cause}]`,
  )
}
