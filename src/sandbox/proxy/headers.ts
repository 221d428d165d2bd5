import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { HeaderChanges } from '../gateway/routes.js'

/** Hop-by-hop headers, never passed on. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection', 'te']

/** The headers of a message that are passed on to the other side. */
export function passedOn(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const passed: OutgoingHttpHeaders = { ...headers }
  for (const name of HOP_BY_HOP) delete passed[name]
  return passed
}

/** Changes headers in place, in Envoy's order: each level removes before it adds, and the last level wins. */
export function change(headers: OutgoingHttpHeaders, levels: HeaderChanges[]): OutgoingHttpHeaders {
  for (const { add, remove } of levels) {
    for (const name of remove) delete headers[name]
    for (const { name, value, append } of add) {
      const present = headers[name]
      headers[name] = append && present !== undefined ? [present, value].flat().map(String) : value
    }
  }
  return headers
}
