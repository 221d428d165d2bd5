import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ApiTransport } from '../../../../src/cluster/kube/api-transport.js'
import { KubeApi } from '../../../../src/cluster/kube/kube-api.js'

export interface FakeRequest {
  method: string
  path: string
  query: Record<string, string>
  body?: any
}

/** An API server on a Unix socket that answers as the test says and keeps what it was asked. */
export interface FakeApi {
  api: KubeApi
  requests: FakeRequest[]
  close(): Promise<void>
}

export async function startFakeApi(
  answer: (request: FakeRequest, response: ServerResponse) => void,
  answerTimeoutMs?: number,
): Promise<FakeApi> {
  const folder = await mkdtemp(path.join(tmpdir(), 'canary-api-'))
  const socketPath = path.join(folder, 'api.sock')
  const requests: FakeRequest[] = []
  const server = createServer((incoming, response) => {
    let text = ''
    incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    incoming.on('end', () => {
      const url = new URL(incoming.url ?? '/', 'http://localhost')
      const request: FakeRequest = {
        method: incoming.method ?? '',
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        body: text ? JSON.parse(text) : undefined,
      }
      requests.push(request)
      answer(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  const api = new KubeApi(
    new ApiTransport(() => Promise.resolve({ socketPath, close: () => Promise.resolve() }), answerTimeoutMs),
  )
  return {
    api,
    requests,
    close: async () => {
      await api.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export function json(response: ServerResponse, status: number, body: object, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** A Kubernetes error body. */
export function failure(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }
}

export function list(kind: string, items: object[], resourceVersion = '1'): object {
  return { kind: `${kind}List`, apiVersion: 'v1', metadata: { resourceVersion }, items }
}
