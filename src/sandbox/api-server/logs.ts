import type { ServerResponse } from 'node:http'
import type { KubeObject } from './objects.js'
import { RESOURCES } from './resources.js'
import type { ResourceRequest } from './request.js'
import { badRequest, notFound } from './status.js'
import type { ObjectStore } from './store.js'

/** A container's log of its current run, or of the previous one; undefined without one. */
export type ReadLogs = (
  namespace: string,
  pod: string,
  container: string,
  isBefore: boolean,
) => string | undefined

/** How often `--follow` looks for more. */
const FOLLOW_INTERVAL_MS = 200

/** GET …/pods/<name>/log: plain text, complete, its end (`tailLines`), or followed until the pod is gone. */
export function serveLog(
  store: ObjectStore,
  { namespace = '', name = '', query }: ResourceRequest,
  response: ServerResponse,
  readLogs: ReadLogs | undefined,
): void {
  const pod = store.get(RESOURCES.pods, namespace, name)
  if (!pod) throw notFound(RESOURCES.pods, name)
  const container = chooseContainer(pod, query.get('container') ?? '')
  const isBefore = query.get('previous') === 'true'
  const read = () => readLogs?.(namespace, name, container, isBefore)
  const text = read()
  if (text === undefined && isBefore)
    throw badRequest(`previous terminated container "${container}" in pod "${name}" not found`)
  if (text === undefined) {
    throw badRequest(
      `container "${container}" in pod "${name}" is waiting to start: ${waitingReason(pod, container)}`,
    )
  }
  response.writeHead(200, { 'content-type': 'text/plain' })
  response.write(tail(text, query.get('tailLines')))
  if (query.get('follow') !== 'true') {
    response.end()
    return
  }
  let sent = text.length
  const timer = setInterval(() => {
    const now = read()
    if (now !== undefined && now.length < sent) return void response.end() // another run began: this one is over
    if (now !== undefined && now.length > sent) response.write(now.slice(sent))
    sent = now?.length ?? sent
    if (store.get(RESOURCES.pods, namespace, name)?.metadata.uid !== pod.metadata.uid) response.end()
  }, FOLLOW_INTERVAL_MS)
  response.on('close', () => clearInterval(timer))
}

function chooseContainer(pod: KubeObject, wanted: string): string {
  const names = ((pod.spec?.containers ?? []) as { name: string }[]).map(({ name }) => name)
  const { name } = pod.metadata
  if (wanted !== '') {
    if (!names.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${name}`)
    return wanted
  }
  const [first = '', ...others] = names
  if (others.length === 0) return first
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`)
}

function waitingReason(pod: KubeObject, container: string): string {
  const statuses = (pod.status?.containerStatuses ?? []) as { name: string; state?: any }[]
  const state = statuses.find(({ name }) => name === container)?.state
  return (state?.waiting?.reason as string | undefined) ?? 'ContainerCreating'
}

function tail(text: string, lines: string | null): string {
  if (lines === null || text === '') return text
  const all = text.split(/(?<=\n)/)
  return Number(lines) === 0 ? '' : all.slice(-Number(lines)).join('')
}
