import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { defaultHttpRoute } from '../../../../../src/sandbox/api-server/admission/gateway-api-defaults.js'
import type { KubeObject } from '../../../../../src/sandbox/api-server/objects.js'
import { FaultRegistry } from '../../../../../src/sandbox/faults.js'
import { PROFILES } from '../../../../../src/sandbox/gateway/gateway-api/profile.js'
import { translate, type Translation } from '../../../../../src/sandbox/gateway/gateway-api/translate.js'
import { EMPTY_CONFIG } from '../../../../../src/sandbox/gateway/routes.js'
import type { ProxyState } from '../../../../../src/sandbox/gateway/proxy-feed.js'
import { type GatewayProxy, startProxy } from '../../../../../src/sandbox/proxy/proxy.js'
import { seededRandom } from '../../../../../src/sandbox/random.js'
import { closeServer } from '../../../../../src/sandbox/workloads/close-server.js'
import { gateway, httpRoute, versionService } from '../../../../contract/routing/gateway-objects.js'

// What the Gateway API's conformance tests ask of an implementation, in words and cases of our own.

export const profile = PROFILES['envoy-gateway']
/** Requests as the backends saw them. */
export let seen: { backend: string; url: string; host: string; headers: IncomingHttpHeaders }[]
let backend: Server
export let proxy: GatewayProxy
let state: ProxyState
export let translation: Translation

/** Gives each test of a file a proxy. */
export function useConformanceWorld(): void {
  beforeAll(async () => {
    backend = createServer((request, response) => {
      const name = String(request.headers['x-backend'] ?? '')
      seen.push({
        backend: name,
        url: request.url ?? '',
        host: request.headers.host ?? '',
        headers: request.headers,
      })
      response.writeHead(200, { 'x-of-app': 'yes', 'x-list': 'a' }).end(name)
    })
    await new Promise<void>((listening) => backend.listen(0, '127.0.0.1', listening))
  })
  afterAll(() => closeServer(backend))
  beforeEach(async () => {
    seen = []
    state = { config: EMPTY_CONFIG, endpoints: new Map() }
    proxy = await startProxy({
      state,
      faults: new FaultRegistry(),
      random: seededRandom(5),
      traits: profile.traits,
      portOf: () => (backend.address() as AddressInfo).port,
    })
  })
  afterEach(() => proxy.close())
}

export interface World {
  gateways?: KubeObject[]
  grants?: KubeObject[]
  /** Backends that have no endpoint. */
  empty?: string[]
}

/** Serves HTTPRoutes; every Service `a` to `d` of namespaces `app` and `other` is there, at port 80. */
export function serve(routes: KubeObject[], { gateways, grants = [], empty = [] }: World = {}): void {
  for (const route of routes) defaultHttpRoute(route)
  translation = translate(
    {
      gateways: gateways ?? [gateway('public', 'gateways', profile, proxy.port)],
      routes,
      grants,
      namespaces: ['app', 'other', 'gateways'].map((name) => ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: { team: name } },
      })),
      service: (namespace, name) =>
        ['a', 'b', 'c', 'd'].includes(name) ? versionService(name, namespace, 'v1') : undefined,
      endpoints: (_, name) => ({ hasSlice: true, hasReady: !empty.includes(name) }),
      hasSecret: () => true,
      unavailablePorts: new Set(),
    },
    profile,
  )
  state.config = translation.config
  // The name of the backend comes to the one listener that stands for them all.
  for (const { routes: all } of state.config.virtualHosts)
    for (const { action } of all)
      if (action.to === 'clusters')
        for (const { cluster, headers } of action.destinations)
          headers.request.add.push({ name: 'x-backend', value: cluster.split('/')[1] ?? '', append: false })
  state.endpoints = new Map(
    [...state.config.clusters.values()].map(({ name, serviceName }) => [
      name,
      empty.includes(serviceName) ? [] : [{ ip: 'pod', port: 8080, labels: {} }],
    ]),
  )
}

export const PARENT = { name: 'public', namespace: 'gateways' }
export const prefix = (value: string, more: object = {}) => ({ path: { type: 'PathPrefix', value }, ...more })
export const exact = (value: string) => ({ path: { type: 'Exact', value } })
export const to = (name: string, weight?: number, more: object = {}) => ({
  name,
  port: 80,
  ...(weight === undefined ? {} : { weight }),
  ...more,
})
export const rule = (matches: object[], ...backendRefs: object[]) => ({ matches, backendRefs })

export function route(rules: object[], more: object = {}, name = 'app'): KubeObject {
  return httpRoute(name, 'app', { parentRefs: [PARENT], rules, ...more })
}

export interface Asked {
  method?: string
  host?: string
  headers?: Record<string, string>
}

export async function ask(path: string, { method = 'GET', host, headers = {} }: Asked = {}) {
  const { request } = await import('undici')
  const answer = await request(`http://127.0.0.1:${proxy.port}${path}`, {
    method: method as 'GET',
    headers: { ...headers, ...(host ? { host } : {}) },
  })
  const body = await answer.body.text()
  return {
    status: answer.statusCode,
    body,
    headers: answer.headers,
    answer: `${answer.statusCode} ${body}`.trim(),
  }
}

export async function counts(path: string, sent: number): Promise<Record<string, number>> {
  const all: Record<string, number> = {}
  for (let left = sent; left > 0; left -= 1) {
    const { answer } = await ask(path)
    all[answer] = (all[answer] ?? 0) + 1
  }
  return all
}

/** Conditions of the first route at its first parent: `Accepted=True Accepted`. */
export function conditions(): string[] {
  const [{ findings, attachments }] = translation.reports as [Translation['reports'][number]]
  const refused = attachments[0]?.refused
  return profile
    .conditions({ ...findings, ...(refused ? { refused } : {}) })
    .map(({ type, status, reason }) => `${type}=${status} ${reason}`)
}
