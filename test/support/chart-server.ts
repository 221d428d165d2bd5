import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import type { HelmMajor } from '../../scripts/tools.js'

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

const tls = (kind: string) => fileURLToPath(new URL(`../e2e/fixtures/tls/localhost.${kind}`, import.meta.url))

export interface ChartServer {
  /** `localhost:PORT`. */
  host: string
  /** URL of the repository. */
  repo: string
  /** By which Helm trusts it. */
  env: Record<string, string>
  /** Requests for the package itself. */
  pulls: () => number
  close(): Promise<void>
}

/** Serves one chart package to Helm 3 or 4, as a chart repository and as a registry (`oci://HOST/charts/NAME`). */
export async function serveChart(
  major: HelmMajor,
  file: string,
  { name, version }: { name: string; version: string },
): Promise<ChartServer> {
  const content = await readFile(file)
  const config = Buffer.from(JSON.stringify({ name, version, apiVersion: 'v2' }))
  const layer = describe('application/vnd.cncf.helm.chart.content.v1.tar+gzip', content)
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: describe('application/vnd.cncf.helm.config.v1+json', config),
      layers: [layer],
    }),
  )
  const blobs = [config, content, manifest].map((bytes) => [describe('', bytes).digest, bytes] as const)
  let pulls = 0
  const [cert, key] = await Promise.all([readFile(tls('pem')), readFile(tls('key'))])
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    const url = request.url ?? ''
    const send = (type: string, bytes: Buffer) => {
      if (bytes === content && request.method === 'GET') pulls += 1
      answer(response, type, bytes, request.method === 'HEAD')
    }
    const blob = blobs.find(([digest]) => url.endsWith(digest))
    if (url === '/repo/index.yaml') {
      const entry = { name, version, apiVersion: 'v2', urls: [path.basename(file)] }
      send('text/yaml', Buffer.from(stringify({ apiVersion: 'v1', entries: { [name]: [entry] } })))
    } else if (url === `/repo/${path.basename(file)}`) send('application/gzip', content)
    else if (url === `/v2/charts/${name}/manifests/${version}`) send(OCI_MANIFEST, manifest)
    else if (blob) send(url.includes('/manifests/') ? OCI_MANIFEST : 'application/octet-stream', blob[1])
    else if (url === '/v2/') send('application/json', Buffer.from('{}'))
    else
      response
        .writeHead(404, { 'content-type': 'application/json' })
        .end('{"errors":[{"code":"NAME_UNKNOWN"}]}')
  }
  // Helm 3 asks a registry on localhost by plain HTTP, Helm 4 by HTTPS.
  const server = major === 3 ? createServer(handler) : createTlsServer({ cert, key }, handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    host: `localhost:${port}`,
    repo: `${major === 3 ? 'http' : 'https'}://localhost:${port}/repo`,
    env: { SSL_CERT_FILE: tls('pem') },
    pulls: () => pulls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function describe(mediaType: string, bytes: Buffer) {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  return { mediaType, digest, size: bytes.length }
}

function answer(response: ServerResponse, type: string, bytes: Buffer, headOnly: boolean): void {
  const { digest } = describe(type, bytes)
  response.writeHead(200, {
    'content-type': type,
    'content-length': bytes.length,
    'docker-content-digest': digest,
  })
  response.end(headOnly ? undefined : bytes)
}
