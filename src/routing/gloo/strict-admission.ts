import { record } from '../fields.js'
import type { StrictAdmission } from '../provider.js'

/**
 * Gloo's webhook, told to be strict, denies a RouteTable whose Upstream it does not know, and Helm makes the kinds it
 * does not know by name: RouteTables before Upstreams.
 */
const UPSTREAM_MISSING = /admission webhook [^]*denied the request[^]*Upstream\s*\{[^}]*\}\s*not found/i

export const STRICT_ADMISSION: StrictAdmission = {
  denied: (stderr) => UPSTREAM_MISSING.test(stderr),
  /** Gloo knows an Upstream once it has written a status; not every Gloo is set to write them. */
  knows: ({ status }) => Object.keys(record(status)).length > 0,
}
