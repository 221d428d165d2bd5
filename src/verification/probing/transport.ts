import { isIP, type LookupFunction } from 'node:net'
import { Client, type Dispatcher, ProxyAgent } from 'undici'
import { MAX_HEADER_KIB } from '../judging/limits.js'
import type { ProxyTarget, Transport } from './verifier.js'

/** Probes after which a connection is reopened: behind a load balancer it may reach another proxy. */
const PROBES_PER_CONNECTION = 50
const CONNECT_TIMEOUT_MS = 3000

/** One connection to one proxy, opened on demand and reopened when closed; one request at a time. */
export interface Connection {
  dispatch(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void
  /** Calls back whenever a connection is opened; not through an HTTP proxy, whose tunnels undici does not report. */
  onConnect(listener: () => void): void
  destroy(): Promise<void>
}

/** Opens connections to one proxy, with the transport's settings. */
export function openConnection(transport: Transport, { origin }: ProxyTarget): Connection {
  const options = {
    pipelining: 1,
    maxRequestsPerClient: PROBES_PER_CONNECTION,
    // undici's timers have a resolution of about a second: each probe has its own timer.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEADER_KIB * 1024,
  }
  const { httpProxy } = transport
  const tls = tlsOptions(transport)
  if (httpProxy !== undefined) {
    // Tunnel http too: the gateway then gets the same request with and without the HTTP proxy.
    const agent = new ProxyAgent({
      ...options,
      uri: httpProxy,
      connections: 1,
      proxyTunnel: true,
      requestTls: tls,
    })
    return {
      dispatch: (request, handler) => void agent.dispatch({ ...request, origin }, handler),
      onConnect: () => {},
      destroy: () => agent.destroy(),
    }
  }
  const connect = { ...tls, timeout: CONNECT_TIMEOUT_MS, ...lookupOption(transport, origin) }
  const client = new Client(origin, { ...options, allowH2: false, connect })
  return {
    dispatch: (request, handler) => void client.dispatch(request, handler),
    onConnect: (listener) => void client.on('connect', listener),
    destroy: () => client.destroy(),
  }
}

function tlsOptions({ host, tls }: Transport): {
  servername?: string
  ca?: string
  cert?: string
  key?: string
} {
  const servername = host?.replace(/:\d+$/, '')
  // RFC 6066: SNI holds a name, never an IP address.
  return { ...tls, ...(servername && isIP(servername) === 0 ? { servername } : {}) }
}

/** Overrides DNS; the name stays in the Host header and the TLS handshake. */
function lookupOption({ resolve }: Transport, origin: string): { lookup?: LookupFunction } {
  const { hostname, port, protocol } = new URL(origin)
  const address = resolve[`${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`]
  if (address === undefined) return {}
  const family = isIP(address)
  return {
    lookup: (_hostname, options, done) => {
      if (options.all) done(null, [{ address, family }])
      else done(null, address, family)
    },
  }
}
