import { createServer, type IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { isSame, refusedCaller, urlOf } from '../door.js'
import { checkAccess, review, type Intercept } from './access.js'
import type { RequestBody } from './encoding/body.js'
import { clusterPath } from './discovery/cluster-paths.js'
import { serveLog, type ReadLogs } from './logs.js'
import type { KubeObject, ResourceType } from './objects.js'
import { type FaultOf, serveFaulted } from './serve-faulted.js'
import { type FindPort, servePortForward } from './port-forward/port-forward.js'
import type { Admit, Answer, WriteRequest } from './registry/context.js'
import { deleteCollection, deleteOne } from './registry/delete.js'
import {
  getOne,
  list,
  represent,
  representationOf,
  watchRenderer,
  type Representation,
} from './registry/read.js'
import { scale } from './registry/scale.js'
import { create, patch, update } from './registry/write.js'
import { RESOURCES } from './resources.js'
import { parseResourceRequest, type ResourceRequest } from './request.js'
import { ApiError, badRequest, noSuchResource } from './status.js'
import type { ObjectStore } from './store.js'
import { serveWatch } from './watch.js'

export interface ApiServerOptions {
  store: ObjectStore
  /** 0 or missing: a free one. */
  port?: number
  /**
   * The credentials to accept, if a client sends any. None are required: helm and kubectl send no token over plain
   * HTTP, so the secret in the path replaces it.
   */
  token?: string
  /** First part of every path, required for access: other users of the machine reach the port, too. */
  secret?: string
  logs?: ReadLogs
  /** The target of `kubectl port-forward`; without it, nothing listens anywhere. */
  findPort?: FindPort
  /** Called before every request for objects. */
  intercept?: Intercept
  /** Called before every request: its fault, if any. */
  faultOf?: FaultOf
  /** Called before an object is stored or deleted. */
  admit?: Admit
  /** The kinds that are currently served; by default all. */
  resources?: () => ResourceType[]
}

export interface ApiServer {
  /** With the secret. */
  url: string
  port: number
  /** Ends at once, open watches included. */
  close(): Promise<void>
}

/** Limit of a body, as on the real server. */
const MAX_BODY_BYTES = 3 * 1024 * 1024

/** Starts a Kubernetes API server for the objects of a store, on the loopback interface. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const server = createServer((request, response) => void serve(options, request, response))
  // Clients keep connections for a minute and more; closing one under a request would be an error to them.
  server.keepAliveTimeout = 120_000
  server.requestTimeout = 0
  const upgraded = new Set<Socket>()
  server.on('upgrade', (request, duplex, head) => {
    const socket = duplex as Socket
    upgraded.add(socket)
    socket.on('error', () => socket.destroy()).once('close', () => upgraded.delete(socket))
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false // refused or not: it is no connection for more requests
    response.assignSocket(socket)
    response.once('finish', () => socket.end())
    void serve(options, request, response, head)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${options.secret === undefined ? '' : `/${options.secret}`}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        for (const socket of upgraded) socket.destroy()
      }),
  }
}

/** One request; an error of the sandbox itself is answered, too, so that no write is left in doubt. */
async function serve(
  options: ApiServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  head?: Buffer,
) {
  try {
    enter(options, request)
    const { faultOf = () => ({}) } = options
    await serveFaulted(faultOf, request, response, (answering) => route(options, request, answering, head))
  } catch (error) {
    const { body } =
      error instanceof ApiError
        ? error
        : new ApiError(500, 'InternalError', `the sandbox failed: ${String(error)}`)
    if (response.headersSent) response.destroy()
    else send(response, body.code, body)
  }
}

/** Admits a request and removes the secret from its URL; throws ApiError if it may not come from the user's tools. */
function enter({ secret }: ApiServerOptions, request: IncomingMessage): void {
  const { headers, url = '' } = request
  const refused = refusedCaller(headers)
  if (refused !== undefined) throw new ApiError(403, 'Forbidden', refused)
  if (secret === undefined) return
  const [, first = ''] = /^\/([^/?]*)/.exec(url) ?? []
  if (!isSame(first, secret))
    throw new ApiError(403, 'Forbidden', "the URL needs the secret path of the sandbox's kubeconfig")
  const rest = url.slice(1 + first.length)
  request.url = rest.startsWith('/') ? rest : `/${rest}`
}

/** @param head of a request to upgrade: it has no body, but what comes after the upgrade may have begun */
async function route(
  options: ApiServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  head?: Buffer,
) {
  const { store, intercept, resources = () => Object.values(RESOURCES) } = options
  authenticate(request, options.token)
  const method = request.method ?? 'GET'
  const url = urlOf(request)
  if (!url) throw badRequest('the target of the request is no path')
  const accept = request.headers.accept ?? ''

  const answer = method === 'GET' ? clusterPath(url.pathname, accept, resources()) : undefined
  if (answer) return send(response, answer.code, answer.body, { 'content-type': answer.contentType })

  const body = head ? { contentType: '', data: Buffer.alloc(0) } : await readBody(request)
  const impersonated = request.headers['impersonate-user']
  const reviewed =
    method === 'POST' ? await review(url.pathname, { body, impersonated }, intercept) : undefined
  if (reviewed) return send(response, reviewed.code, reviewed.body)

  const wanted = parseResourceRequest(method, url, resources())
  if (!wanted)
    return send(response, 404, '404 page not found\n', { 'content-type': 'text/plain; charset=utf-8' })
  const { verb, resource, namespace, name, subresource } = wanted
  const { group, plural } = resource
  await checkAccess(intercept, { verb, group, resource: plural, namespace, name, subresource })

  const as = representationOf(accept)
  if (verb === 'watch') return serveWatch(store, wanted, response, watchRenderer(wanted, as))
  if (subresource === 'log' && verb === 'get') return serveLog(store, wanted, response, options.logs)

  if (subresource === 'portforward' && verb === 'create' && isServed(wanted)) {
    return servePortForward(store, wanted, { request, response, head }, options.findPort ?? (() => undefined))
  }

  const userAgent = request.headers['user-agent'] ?? ''
  const write: WriteRequest = { ...wanted, body, userAgent, warnings: [], admit: options.admit }
  const result = await carryOut(store, write, as)
  const warnings = write.warnings.map((text) => `299 - ${JSON.stringify(text)}`)
  send(response, result.code, result.body, warnings.length > 0 ? { warning: warnings } : {})
}

async function carryOut(store: ObjectStore, request: WriteRequest, as: Representation): Promise<Answer> {
  const { verb, subresource } = request
  if (subresource !== undefined && !isServed(request)) throw noSuchResource()
  if (subresource === 'scale') return scale({ store }, request)
  switch (verb) {
    case 'get':
      return getOne(store, request, as)
    case 'list':
    case 'watch':
      return list(store, request, as)
    case 'create':
      return written(await create({ store }, request), request, as)
    case 'update':
      return written(await update({ store }, request), request, as)
    case 'patch':
      return written(await patch({ store }, request), request, as)
    case 'delete':
      return deleteOne({ store }, request)
    case 'deletecollection':
      return deleteCollection({ store }, request)
  }
}

/** The object after a write, in the requested representation. */
function written({ code, body }: Answer, request: WriteRequest, as: Representation): Answer {
  return { code, body: represent(body as KubeObject, request, as) }
}

function isServed({ resource, subresource }: ResourceRequest): boolean {
  return (resource.subresources as string[]).includes(subresource ?? '')
}

/** Wrong credentials are refused; without any, it is the sandbox's one user. */
function authenticate(request: IncomingMessage, token: string | undefined): void {
  const { authorization } = request.headers
  if (token === undefined || authorization === undefined || isSame(authorization, `Bearer ${token}`)) return
  throw new ApiError(401, 'Unauthorized', 'Unauthorized')
}

async function readBody(request: IncomingMessage): Promise<RequestBody> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) {
      throw new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY_BYTES}`)
    }
    chunks.push(chunk)
  }
  const [contentType = ''] = (request.headers['content-type'] ?? '').split(';')
  return { contentType: contentType.trim(), data: Buffer.concat(chunks) }
}

function send(
  response: ServerResponse,
  code: number,
  body: object | string,
  headers: Record<string, string | string[] | undefined> = {},
): void {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`
  const { 'content-type': contentType = 'application/json', ...others } = headers
  for (const [header, value] of Object.entries(others))
    if (value !== undefined) response.setHeader(header, value)
  response.writeHead(code, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
