import { type Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import type { ProxyState } from '../gateway/proxy-feed.js'
import type { Shadow } from '../gateway/routes.js'
import type { Random } from '../random.js'
import type { ProxyCounters } from './counters.js'

export interface ShadowSenderOptions {
  state: ProxyState
  counters: ProxyCounters
  agent: Agent
  portOf: (ip: string, port: number) => number | undefined
  random: Random
}

/** Sends copies of requests to a shadow, without waiting for the result. */
export class ShadowSender {
  constructor(private readonly options: ShadowSenderOptions) {}

  /** Copies this request if it is due; `headers` and `target` are those of the request as passed on. */
  copy(incoming: IncomingMessage, shadow: Shadow, headers: OutgoingHttpHeaders, target: string): void {
    const { state, counters, agent, portOf, random } = this.options
    if (random() * 100 >= shadow.percentage) return
    const endpoints = state.endpoints.get(shadow.cluster) ?? []
    const endpoint = endpoints[Math.floor(random() * endpoints.length)]
    if (!endpoint) return
    const count = counters.of(shadow.cluster, endpoint)
    count('rq_total')
    const port = portOf(endpoint.ip, endpoint.port)
    if (port === undefined) return count('rq_error')
    const copied = { ...headers, host: hostOf(shadow, incoming.headers.host ?? '') }
    const copy = request({
      agent,
      host: '127.0.0.1',
      port,
      method: incoming.method,
      path: target,
      headers: copied,
    })
    copy.on('response', (answer) => {
      count((answer.statusCode ?? 502) >= 500 ? 'rq_error' : 'rq_success')
      answer.on('error', () => undefined).resume()
    })
    copy.on('error', () => count('rq_error'))
    incoming.on('data', (chunk: Buffer) => copy.write(chunk))
    incoming.on('end', () => copy.end())
    incoming.on('aborted', () => copy.destroy())
  }
}

/** Envoy marks a shadow by its Host, before the port. */
function hostOf({ host, keepsHost }: Shadow, asked: string): string {
  if (host !== undefined) return host
  return keepsHost ? asked : asked.replace(/(:\d+)?$/, '-shadow$1')
}
