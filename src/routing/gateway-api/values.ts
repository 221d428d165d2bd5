import type { JsonObject } from '../../model/values.js'
import { list, number, record, text, texts } from '../fields.js'

/** An implementation that sets a header on the answers of one backend; the Gateway API has no name for it, this is the chart's. */
export const SETS_BACKEND_HEADERS = 'HTTPRouteBackendResponseHeaderModification'

/** A Gateway that an app's values or its HTTPRoute name, and which of its listeners. */
export interface ParentRef {
  name: string
  /** That of the HTTPRoute if undefined. */
  namespace?: string
  sectionName?: string
  port?: number
}

/** The Gateways that the values name, in their order. */
export function parentsOfValues({ routes }: JsonObject): ParentRef[] {
  const { gateway, parentRefs } = record(routes)
  const named = list(parentRefs)
  return parentRefsOf(named.length > 0 ? named : [record(gateway)])
}

/** The Gateways among parentRefs as written; other kinds of parents are left out. */
export function parentRefsOf(written: Record<string, unknown>[]): ParentRef[] {
  return written.flatMap(({ kind, name, namespace, sectionName, port }) =>
    typeof name === 'string' && name !== '' && (kind === undefined || kind === 'Gateway')
      ? [{ name, namespace: text(namespace), sectionName: text(sectionName), port: number(port) }]
      : [],
  )
}

/** The host to probe: the first of the app's own that is no wildcard. */
export function hostOf({ routes }: JsonObject): string | undefined {
  return texts(record(routes).hostnames).find((host) => !host.includes('*'))
}

/**
 * The header with the version that the proxy chose; undefined if answers have none: the chart leaves it out unless the values
 * say that the implementation can set it.
 */
export function versionHeaderOf(values: JsonObject): string | undefined {
  const versionHeader = text(record(values.routes).versionHeader)
  return versionHeader && namesVersions(values) ? versionHeader : undefined
}

/** The same for values without the chart's defaults, which name the header. */
export function namesVersions({ routes }: JsonObject): boolean {
  const { versionHeader, gateway } = record(routes)
  return versionHeader !== '' && texts(record(gateway).features).includes(SETS_BACKEND_HEADERS)
}
