import { isIP, type LookupFunction } from 'node:net'
import { Client, type Dispatcher, ProxyAgent } from 'undici'
import { MAX_HEADER_KIB } from '../judging/limits.js'
import type { ProxyTarget, Transport } from './verifier.js'

/** After so many probes a connection is made anew: behind a load balancer that may reach another proxy. */
const PROBES_PER_CONNECTION = 50
const CONNECT_TIMEOUT_MS = 3000

/** One connection to one proxy, made when it is needed and again when it was closed; one request at a time. */
export interface Connection {
  dispatch(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void
  /** Calls back whenever a connection is made. Not through an HTTP proxy, whose tunnels nobody tells of. */
  onConnect(listener: () => void): void
  destroy(): Promise<void>
}

/** Connections to one proxy, as the transport says they are to be made. */
export function openConnection(transport: Transport, { origin }: ProxyTarget): Connection {
  const options = {
    pipelining: 1,
    maxRequestsPerClient: PROBES_PER_CONNECTION,
    // undici's own timers are coarse, about a second: each probe has a timer of its own.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEADER_KIB * 1024,
  }
  const { httpProxy } = transport
  const tls = tlsOptions(transport)
  if (httpProxy !== undefined) {
    // A tunnel for http, too: what is asked of the gateway is then the same with and without the HTTP proxy.
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
  // A server name is a name (RFC 6066): to an address none is sent.
  return { ...tls, ...(servername && isIP(servername) === 0 ? { servername } : {}) }
}

/** The address to use in place of DNS's; the name stays in the Host header and the TLS handshake. */
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
