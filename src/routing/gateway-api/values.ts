import type { JsonObject } from '../../model/values.js'
import { list, number, record, text, texts } from '../fields.js'
import { GATEWAY, GROUP } from './kinds.js'
import { sharedHost } from './overlaps/hostnames.js'

/** An implementation that sets a header on the answers of one backend; the Gateway API has no name for it, this is the chart's. */
export const SETS_BACKEND_HEADERS = 'HTTPRouteBackendResponseHeaderModification'

/** A Gateway that an app's values or its HTTPRoute name, and which of its listeners. */
export interface ParentRef {
  name: string
  namespace: string
  /** All listeners if undefined. */
  sectionName?: string
  port?: number
  /** The namespace of the HTTPRoute. */
  home: string
}

/** The Gateways that the values of an app in the namespace `home` name, in their order. */
export function parentsOfValues({ routes }: JsonObject, home: string): ParentRef[] {
  const { gateway, parentRefs } = record(routes)
  const named = list(parentRefs)
  return parentRefsOf(named.length > 0 ? named : [record(gateway)], home)
}

/** The Gateways among the parentRefs of an HTTPRoute in the namespace `home`; other kinds of parents are left out. */
export function parentRefsOf(written: Record<string, unknown>[], home: string): ParentRef[] {
  return written.flatMap(({ group = GROUP, kind = GATEWAY, name, namespace, sectionName, port }) =>
    typeof name === 'string' && name !== '' && group === GROUP && kind === GATEWAY
      ? [
          {
            name,
            namespace: text(namespace) ?? home,
            sectionName: text(sectionName),
            port: number(port),
            home,
          },
        ]
      : [],
  )
}

/** The hosts of an app in lower case; `*` stands for all. */
export function hostnamesOf({ routes }: JsonObject): string[] {
  const hostnames = texts(record(routes).hostnames).map((host) => host.toLowerCase())
  return hostnames.length > 0 ? hostnames : ['*']
}

/** The first host that an app and a listener share and that is no wildcard. */
export function hostOf(values: JsonObject, listener?: { hostname?: string }): string | undefined {
  const own = hostnamesOf(values)
  const isHost = (host: string | undefined) => host !== undefined && !host.includes('*')
  const shared = own.map((host) => sharedHost(listener?.hostname ?? '*', host))
  return shared.find(isHost) ?? own.find(isHost)
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
