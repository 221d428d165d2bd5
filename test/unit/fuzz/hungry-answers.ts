import type { ServerResponse } from 'node:http'
import type { KubeApi } from '../../../src/cluster/kube/kube-api.js'
import { PODS } from '../../../src/cluster/kube/kube-types.js'
import { startFakeApi } from '../cluster/kube/fake-api.js'

/** Run in a process of its own, with little memory: prints what comes of answers that never end. */
const PIECE = Buffer.alloc(256 * 1024, 'x')

function endless(response: ServerResponse, status: number, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  const more = () => {
    while (!response.destroyed && response.write(PIECE));
  }
  response.on('drain', more)
  more()
}

async function attempt(
  name: string,
  answer: (response: ServerResponse) => void,
  read: (api: KubeApi) => Promise<string>,
): Promise<void> {
  const fake = await startFakeApi((_, response) => answer(response))
  const said = await read(fake.api).catch((error: Error) => {
    const { name: kind, message } = error
    return `${kind} ${message.replace(/x{5,}…?/, 'x')}`
  })
  process.stdout.write(`${name}: ${said}\n`)
  await fake.close()
}

const target = { resource: PODS, namespace: 'echo' }
const list = async (api: KubeApi) => String((await api.list(target)).items.length)
const watch = async (api: KubeApi) => {
  for await (const event of api.watch(target, {}, '1', new AbortController().signal)) return event.type
  return 'nothing'
}

await attempt('endless list', (response) => endless(response, 200), list)
await attempt(
  'announced as huge',
  (response) => endless(response, 200, { 'content-length': String(2 ** 40) }),
  list,
)
await attempt('endless event', (response) => endless(response, 200), watch)
await attempt('endless error', (response) => endless(response, 418), watch)
await attempt(
  'endless log',
  (response) => endless(response, 200),
  async (api) => {
    const part = { container: 'a', previous: false, tailLines: 10 }
    const text = await api.log({ ...target, name: 'a' }, part, new AbortController().signal)
    return `${text.length} characters`
  },
)
