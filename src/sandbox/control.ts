import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { faultProblem } from './fault-parameters.js'
import { isSame, refusedCaller } from './door.js'
import type { Fault, FaultRegistry } from './faults.js'
import { closeServer } from './workloads/close-server.js'

export interface ControlServer {
  url: string
  close(): Promise<void>
}

const BODY_LIMIT = 10_000

/**
 * The endpoint through which another process orders faults: GET, POST and DELETE /faults, DELETE /faults/ID, all with the
 * sandbox's token. An invalid fault gets 400 with the reason.
 */
export async function startControl(faults: FaultRegistry, token: string): Promise<ControlServer> {
  const server = createServer((request, response) => {
    const refused = refusedCaller(request.headers)
    if (refused !== undefined) return reply(response, 403, refused)
    void handle(request, response, faults, token).catch((error: unknown) =>
      reply(response, 500, String(error)),
    )
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => closeServer(server) }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  faults: FaultRegistry,
  token: string,
): Promise<void> {
  if (!isSame(request.headers.authorization ?? '', `Bearer ${token}`))
    return reply(response, 401, 'the token is missing or wrong')
  const [, id] = /^\/faults(?:\/(\d+))?$/.exec(request.url ?? '') ?? [undefined, null]
  if (id === null) return reply(response, 404, 'there is only /faults')
  switch (request.method) {
    case 'GET':
      return reply(response, 200, faults.list())
    case 'POST': {
      if (request.headers['content-type'] !== 'application/json')
        return reply(response, 415, 'the content type must be application/json')
      const asked = parseFault(await bodyOf(request))
      return typeof asked === 'string' ? reply(response, 400, asked) : reply(response, 201, faults.add(asked))
    }
    case 'DELETE':
      if (id === undefined) faults.clear()
      else if (!faults.remove(Number(id))) return reply(response, 404, `there is no fault ${id}`)
      return reply(response, 200, faults.list())
    default:
      return reply(response, 405, `${request.method} is not known here`)
  }
}

/** A fault from JSON, or why it is invalid. */
function parseFault(text: string): Fault | string {
  let asked: unknown
  try {
    asked = JSON.parse(text)
  } catch {
    return 'the body is no JSON'
  }
  if (typeof asked !== 'object' || asked === null) return 'the body is no JSON object'
  return faultProblem(asked) ?? (asked as Fault)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > BODY_LIMIT) throw new Error('the body is too long')
  }
  return text
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  const content = status < 400 ? body : { error: body }
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(content)}\n`)
}
