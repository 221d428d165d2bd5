import type { JsonObject } from '../../model/values.js'
import { record, texts } from '../fields.js'

/** An implementation that sets a header on the answers of one backend; the Gateway API has no name for it, this is the chart's. */
const SETS_BACKEND_HEADERS = 'HTTPRouteBackendResponseHeaderModification'

/** The host to probe: the first of the app's own that is no wildcard. */
export function hostOf({ routes }: JsonObject): string | undefined {
  return texts(record(routes).hostnames).find((host) => !host.includes('*'))
}

/** Whether answers carry the version that the proxy chose: the chart leaves the header out unless the values say that it can be set. */
export function hasVersionHeader({ routes }: JsonObject): boolean {
  const { versionHeader, gateway } = record(routes)
  return (
    typeof versionHeader === 'string' &&
    versionHeader !== '' &&
    texts(record(gateway).features).includes(SETS_BACKEND_HEADERS)
  )
}
