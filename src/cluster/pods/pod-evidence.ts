import { untilAborted } from '../../lib/until-aborted.js'
import type { ClusterObject } from '../ports/objects.js'
import { ApiError } from '../kube/api-errors.js'
import type { KubeApi } from '../kube/kube-api.js'
import { EVENTS, PODS, type Deployment, type KubeEvent, type Pod } from '../kube/kube-types.js'
import { containersOf, CRASHING, isReady, isTerminating, podVersion, withoutUids } from './pods.js'

/** Why the pods of some versions did not become ready, as far as the cluster shows. */
export interface PodEvidence {
  pods: UnreadyPod[]
  /** Warnings about the pods, their ReplicaSets and Deployments, the newest first. */
  events: WarningEvent[]
  /** What could not be read, and why: `events: forbidden`. */
  notSeen: string[]
}

export interface UnreadyPod {
  version: string
  name: string
  phase: string
  container?: UnreadyContainer
}

/** The container that keeps a pod from being ready. */
export interface UnreadyContainer {
  name: string
  state: 'waiting' | 'running' | 'terminated'
  reason?: string
  message?: string
  /** Of the last run that ended. */
  exitCode?: number
  restarts: number
  /** The last lines of its log, plain text; after a crash, of the run that crashed. */
  log: string[]
  logOf: 'this run' | 'the run before'
}

export interface WarningEvent {
  /** `Pod echo-v2-5c7f8`. */
  object: string
  reason: string
  message: string
  count: number
}

/** The Deployments whose wait failed, by version, and their pods. */
export interface GivenUp {
  namespace: string
  deployments: Map<string, Deployment>
  pods: Pod[]
  signal?: AbortSignal
}

/** Pods examined per version: more would show the same. */
const PODS_A_VERSION = 2
const LOG_LINES = 10
const MOST_EVENTS = 5
/** Longer texts are cut, in characters. */
const LONGEST_LINE = 300
/** An error waits at most this long for its reasons. */
const TIME_LIMIT_MS = 4000

/** Reads unready pods, their logs and events. Never throws: what cannot be read is left out. */
export async function gatherEvidence(api: KubeApi, given: GivenUp): Promise<PodEvidence> {
  const limit = AbortSignal.timeout(TIME_LIMIT_MS)
  const signal = given.signal ? AbortSignal.any([given.signal, limit]) : limit
  const notSeen = new Set<string>()
  const unless = async <T>(what: string, asked: Promise<T>): Promise<T | undefined> => {
    try {
      return await untilAborted(signal, asked)
    } catch (error) {
      notSeen.add(`${what}: ${wordFor(error)}`)
      return undefined
    }
  }
  const chosen = [...given.deployments.keys()].flatMap((version) => choosePods(version, given.pods))
  const [pods, events] = await Promise.all([
    Promise.all(
      chosen.map(async ({ version, pod }) => {
        const unready = describePod(version, pod)
        const { container } = unready
        // Before its first run there is no log.
        if (!container || (container.state === 'waiting' && container.exitCode === undefined)) return unready
        const log = await unless('logs', readLog(api, pod, container, signal))
        return { ...unready, container: { ...container, log: log ?? [] } }
      }),
    ),
    unless('events', listWarnings(api, given)),
  ])
  return { pods, events: newest(events ?? [], chosen, given), notSeen: [...notSeen] }
}

/** Lines for people: each pod with its container's state and log, then the events. */
export function evidenceLines({ pods, events, notSeen }: PodEvidence): string[] {
  return [
    ...pods.flatMap(({ name, phase, container }) => [
      `pod ${name}: ${phase}${container ? `, ${containerLine(container)}` : ''}`,
      ...(container?.log ?? []).map((line) => `  | ${line}`),
    ]),
    ...events.map(
      ({ object, reason, message, count }) =>
        `${reason}${count > 1 ? ` (${count} times)` : ''}, ${object}: ${message}`,
    ),
    ...(notSeen.length > 0 ? [`not read: ${notSeen.join(', ')}`] : []),
  ]
}

function containerLine({
  name,
  state,
  reason,
  message,
  exitCode,
  restarts,
  log,
  logOf,
}: UnreadyContainer): string {
  const why = [reason, message].filter(Boolean).join(': ')
  return [
    `container ${name} ${state}${why ? ` (${why})` : ''}`,
    ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    ...(restarts > 0 ? [`${restarts} restart${restarts === 1 ? '' : 's'}`] : []),
    ...(log.length > 0 && logOf === 'the run before' ? ['log of the previous run'] : []),
  ].join(', ')
}

/** The pods of a version that are not ready, the newest first. */
function choosePods(version: string, pods: Pod[]): { version: string; pod: Pod }[] {
  const bornAt = ({ metadata }: Pod) => Date.parse(metadata.creationTimestamp ?? '') || 0
  return pods
    .filter((pod) => podVersion(pod) === version && !isTerminating(pod) && !isReady(pod))
    .sort((a, b) => bornAt(b) - bornAt(a))
    .slice(0, PODS_A_VERSION)
    .map((pod) => ({ version, pod }))
}

function describePod(version: string, pod: Pod): UnreadyPod {
  const phase = pod.status?.phase ?? 'Pending'
  const statuses = containersOf(pod)
  // A container that exited with 0 is done, like an init container.
  const status = statuses.find(({ ready, state }) => !ready && state?.terminated?.exitCode !== 0)
  if (!status) return { version, name: pod.metadata.name, phase }
  const { waiting, terminated } = status.state ?? {}
  const ended = terminated ?? status.lastState?.terminated
  const { reason, message } = waiting ?? terminated ?? {}
  const container: UnreadyContainer = {
    name: status.name,
    state: waiting ? 'waiting' : terminated ? 'terminated' : 'running',
    reason: plain(reason),
    message: reason === CRASHING ? undefined : plain(withoutUids(message)),
    exitCode: ended?.exitCode,
    restarts: status.restartCount ?? 0,
    log: [],
    logOf: status.lastState?.terminated && !terminated ? 'the run before' : 'this run',
  }
  return { version, name: pod.metadata.name, phase, container }
}

async function readLog(
  api: KubeApi,
  { metadata: { name, namespace } }: Pod,
  container: UnreadyContainer,
  signal: AbortSignal,
): Promise<string[]> {
  const read = (previous: boolean) =>
    api.log(
      { resource: PODS, namespace, name },
      { container: container.name, previous, tailLines: LOG_LINES },
      signal,
    )
  const text = await read(container.logOf === 'the run before')
  const lines = text.split('\n').map((line) => plain(line))
  return lines.filter((line) => line !== undefined).slice(-LOG_LINES)
}

async function listWarnings(api: KubeApi, { namespace }: GivenUp): Promise<KubeEvent[]> {
  const { items } = await api.list<KubeEvent>(
    { resource: EVENTS, namespace },
    { fieldSelector: 'type=Warning', limit: 500 },
  )
  return items
}

/** The events about these pods, their ReplicaSets and Deployments; repeated ones are summed up. */
function newest(events: KubeEvent[], chosen: { pod: Pod }[], { deployments }: GivenUp): WarningEvent[] {
  const pods = chosen.map(({ pod }) => pod)
  const named = [...deployments.values()]
  /** An earlier object of the same name had another uid. */
  const isOf = (objects: ClusterObject[], { name, uid }: { name?: string; uid?: string }) =>
    objects.some(({ metadata }) => metadata.name === name && (uid ?? metadata.uid) === (metadata.uid ?? uid))
  const newestFirst = [...events].sort((a, b) => lastSeen(b) - lastSeen(a))
  const sets = new Set(named.flatMap(({ metadata }) => replicaSetOf(metadata.name, pods, newestFirst) ?? []))
  const concerns = ({ involvedObject = {} }: KubeEvent) =>
    (involvedObject.kind === 'Pod' && isOf(pods, involvedObject)) ||
    (involvedObject.kind === 'Deployment' && isOf(named, involvedObject)) ||
    (involvedObject.kind === 'ReplicaSet' && sets.has(involvedObject.name ?? ''))
  const seen = new Map<string, WarningEvent>()
  for (const event of newestFirst.filter(concerns)) {
    const { involvedObject: { kind = '', name = '' } = {}, reason = '', message = '' } = event
    const count = event.series?.count ?? event.count ?? 1
    const key = `${kind} ${reason} ${message.replaceAll(name, '')}`
    const known = seen.get(key)
    if (known) known.count += count
    else
      seen.set(key, {
        object: `${kind} ${name}`,
        reason: plain(reason) ?? '',
        message: plain(withoutUids(message)) ?? '',
        count,
      })
  }
  return [...seen.values()].slice(0, MOST_EVENTS)
}

/**
 * Name of the Deployment's current ReplicaSet: that of its newest pod, or of the last event. Events of earlier ones are
 * about another configuration.
 */
function replicaSetOf(deployment: string, pods: Pod[], newestFirst: KubeEvent[]): string | undefined {
  // The Deployment's name and the hash of its pod template.
  const isItsOwn = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf('-'))) === deployment
  const hashes = pods.flatMap(({ metadata: { labels, name } }) => {
    const hash = labels?.['pod-template-hash']
    return hash !== undefined && name.startsWith(`${deployment}-${hash}`) ? [hash] : []
  })
  if (hashes[0] !== undefined) return `${deployment}-${hashes[0]}`
  const event = newestFirst.find(
    ({ involvedObject: { kind, name = '' } = {} }) => kind === 'ReplicaSet' && isItsOwn(name),
  )
  return event?.involvedObject?.name
}

function lastSeen({ series, lastTimestamp, eventTime, metadata }: KubeEvent): number {
  return (
    Date.parse(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') ||
    0
  )
}

/** Pods and events are untrusted input: one line without escapes and control characters, cut if long. */
function plain(text: string | undefined): string | undefined {
  const line = (text ?? '')
    // Complete terminal escapes first, then whatever else is not text.
    .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g, '')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .trim()
  if (line === '') return undefined
  const characters = [...line.slice(0, 2 * LONGEST_LINE)]
  return characters.length > LONGEST_LINE ? `${characters.slice(0, LONGEST_LINE - 1).join('')}…` : line
}

function wordFor(error: unknown): string {
  if (error instanceof ApiError) {
    return error.status === 403 ? 'forbidden' : error.status < 500 ? 'none there' : `HTTP ${error.status}`
  }
  return 'no answer'
}
