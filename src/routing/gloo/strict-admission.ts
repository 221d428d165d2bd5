import { record } from '../fields.js'
import type { StrictAdmission } from '../provider.js'

/**
 * With strict validation, Gloo's webhook denies a RouteTable whose Upstream it does not know, and Helm creates unknown
 * kinds in alphabetical order: RouteTables before Upstreams.
 */
const UPSTREAM_MISSING = /admission webhook [^]*denied the request[^]*Upstream\s*\{[^}]*\}\s*not found/i

export const STRICT_ADMISSION: StrictAdmission = {
  denied: (stderr) => UPSTREAM_MISSING.test(stderr),
  /** Gloo knows an Upstream once it has written a status; not every Gloo is configured to write them. */
  knows: ({ status }) => Object.keys(record(status)).length > 0,
}
