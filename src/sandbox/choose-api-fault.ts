import type { FaultOf, ApiFault } from './api-server/serve-faulted.js'
import { ApiError, type StatusBody } from './api-server/status.js'
import type { FaultRegistry, SomeRequests } from './faults.js'
import type { Random } from './random.js'

/** Answers of a server in trouble, as Kubernetes words them. */
const TROUBLES: Record<number, { reason: string; message: string }> = {
  401: { reason: 'Unauthorized', message: 'Unauthorized' },
  429: {
    reason: 'TooManyRequests',
    message: 'the server has received too many requests and has asked us to try again later',
  },
  500: { reason: 'InternalError', message: 'Internal error occurred: etcdserver: request timed out' },
  503: { reason: 'ServiceUnavailable', message: 'the server is currently unable to handle the request' },
  504: { reason: 'Timeout', message: 'Timeout: request did not complete within the allotted timeout' },
}
const BY_CHANCE = [429, 500, 503]

/** Effects of the active faults on the API's requests. */
export function apiFaults(faults: FaultRegistry, random: Random): FaultOf {
  return ({ isWatch, isWrite, resource }) => {
    const concerns = ({ only, resource: wanted = '*' }: SomeRequests) =>
      (only === undefined || (only === 'writes') === isWrite) && (wanted === '*' || wanted === resource)
    const strikes = (fault: { percent: number } & SomeRequests) =>
      concerns(fault) && random() * 100 < fault.percent
    const fault: ApiFault = {
      delayMs: faults.of('api-latency').find(concerns)?.ms,
      watchMs: isWatch ? faults.of('drop-watches')[0]?.ms : undefined,
      isExpired: isWatch && faults.of('expire-watches').some(strikes),
    }
    if (faults.of('api-down').length > 0 || faults.of('api-reset').some(strikes))
      return { ...fault, connection: 'reset' }
    if (faults.of('api-stall').some(strikes)) return { ...fault, connection: 'stalled' }
    if (faults.of('expired-credentials').length > 0) return { ...fault, answer: trouble(401) }
    const failing = faults.of('api-errors').find(strikes)
    if (failing) {
      const chosen = BY_CHANCE[Math.floor(random() * BY_CHANCE.length)]!
      return { ...fault, answer: trouble(failing.status ?? chosen) }
    }
    if (faults.of('api-lost').some(strikes)) return { ...fault, connection: isWatch ? 'reset' : 'lost' }
    return fault
  }
}

function trouble(status: number): StatusBody {
  const { reason, message } = TROUBLES[status] ?? { reason: 'Unknown', message: `the server says ${status}` }
  return new ApiError(status, reason, message).body
}
