import { canaryCommand, commented, kubectlCommand } from '../../model/command-line.js'
import { ExternalError } from '../../model/errors.js'
import type { Answer } from './api-transport.js'
import { describeTarget, pathOf, type Target } from './kube-types.js'

export type ApiVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'

/** The part of a Kubernetes `Status` object that says what went wrong. */
interface Status {
  kind?: string
  message?: string
  reason?: string
}

/** An API request that was answered with an error; `code` is the HTTP status, `reason` Kubernetes' word for it. */
export class ApiError extends ExternalError {
  constructor(
    message: string,
    readonly status: number,
    readonly reason: string | undefined,
    details: ConstructorParameters<typeof ExternalError>[1],
  ) {
    super(message, details)
  }
}

export const METHODS = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
} as const satisfies Record<ApiVerb, string>

/** The request line, for errors: `GET /api/v1/namespaces/echo/secrets`. */
export function requestLine(verb: ApiVerb, target: Target): string {
  return `${METHODS[verb]} ${pathOf(target)}`
}

/** True for an answer that kubectl's proxy made itself because it got none from the API server. */
export function isProxyFailure(answer: Answer): boolean {
  const { status, headers } = answer
  return (status === 500 || status === 502) && !(headers['content-type'] ?? '').includes('json')
}

/** True where nobody listens at the address the kubeconfig gives: trying again at once won't help. */
export function isUnreachable(text: string): boolean {
  return /connection refused|no such host|network is unreachable|no route to host/.test(text)
}

/** Characters of an answer that are repeated in an error. */
const EXCERPT = 300
/** The same of what Kubernetes says itself: it names each field that an object has wrong. */
const LONGEST_MESSAGE = 2000

/** What to look at when the cluster does not answer. */
const reachRemedies = () => [
  commented(kubectlCommand(['cluster-info']), 'does kubectl reach it by itself?'),
  'choose another cluster with --kubeconfig (or KUBECONFIG) or --kube-context',
]

/** What to do about a server that has too much to do, or fails by itself: the request was right. */
const busyRemedies = () => [
  'the same command again in a minute',
  commented(kubectlCommand(['get', '--raw', '/readyz?verbose']), 'is the API server well?'),
]

/** Without a kubeconfig kubectl looks for a cluster on port 8080 of this machine, and says no word of that. */
function withoutKubeconfig(message: string): string[] {
  return /(127\.0\.0\.1|localhost|\[::1\]):8080\b/.test(message)
    ? [
        'name a kubeconfig that is there: without one kubectl looks at port 8080 of this machine',
        commented(canaryCommand(['sandbox', 'start']), 'a cluster to try things on'),
      ]
    : []
}

/** The error of a request that was answered, but not with what was asked for. */
export function explainAnswer(verb: ApiVerb, target: Target, answer: Answer): ApiError {
  const { status, text } = answer
  const said = statusOf(text)
  const message = said.message ?? excerptOf(text)
  const details = { command: requestLine(verb, target), code: status, stderr: message }
  const error = (summary: string, nextSteps: string[]) =>
    new ApiError(summary, status, said.reason, {
      ...details,
      nextSteps,
      evidence: said.reason ? { reason: said.reason } : undefined,
    })
  if (isProxyFailure(answer)) {
    return /getting credentials/.test(message)
      ? error(`kubectl got no credentials for the cluster: ${message}`, [
          'log in to the cluster again as your kubeconfig asks for it, then repeat the command',
        ])
      : error(`The cluster can't be reached: ${message}`, [...withoutKubeconfig(message), ...reachRemedies()])
  }
  switch (status) {
    case 401:
      return error('The cluster does not accept your credentials (401 Unauthorized).', [
        'log in to the cluster again, or choose another user with --kube-context',
        kubectlCommand(['auth', 'whoami']),
      ])
    case 403:
      return error(
        `Forbidden: your user may not ${verb} ${describeTarget(target)}.`,
        forbiddenRemedies(verb, target),
      )
    case 404:
      return target.name
        ? error(`There is no ${describeTarget(target)}: ${message}`, [kubectlGet(target)])
        : error(
            `The cluster does not know ${target.resource.plural} of ${target.resource.apiVersion}: ${message}`,
            [commented(canaryCommand(['doctor']), 'is the gateway installed in this cluster?')],
          )
    case 429:
      return error(`The API server takes no more requests for now (429): ${message}`, busyRemedies())
    case 500:
    case 502:
    case 503:
    case 504:
      return error(
        `The API server failed to ${verb} ${describeTarget(target)}: ${status} ${message}`,
        busyRemedies(),
      )
    default:
      return error(`The cluster refused to ${verb} ${describeTarget(target)}: ${status} ${message}`, [
        kubectlGet(target),
      ])
  }
}

function forbiddenRemedies(verb: ApiVerb, target: Target): string[] {
  const { resource, namespace } = target
  const group = resource.apiVersion.includes('/') ? `.${resource.apiVersion.split('/')[0]}` : ''
  const scope = namespace ? [] : ['--all-namespaces']
  return [
    ...(namespace || verb === 'create'
      ? []
      : ['name the namespace with -n/--namespace: then only that one is read']),
    kubectlCommand(['auth', 'can-i', verb, `${resource.plural}${group}`, ...scope], namespace),
    'ask for the permissions in docs/rbac.yaml: a Role bound to your user; canary doctor lists what is missing',
  ]
}

function kubectlGet({ resource, namespace, name }: Target): string {
  return kubectlCommand(['get', resource.plural, ...(name ? [name] : [])], namespace)
}

/** The error of a request that got no answer at all, as far as this process could see. */
export function explainSilence(verb: ApiVerb, target: Target, cause: unknown): ExternalError {
  const said = cause instanceof Error ? cause.message : String(cause)
  return new ExternalError(`The connection to the cluster broke: ${said}`, {
    command: requestLine(verb, target),
    stderr: said,
    nextSteps: reachRemedies(),
    cause,
  })
}

/** The error of an answer with a good status that is not what was asked for; `why` says what it is, a clause. */
export function garbled(verb: ApiVerb, target: Target, why: string, text?: string): ExternalError {
  const begins = text === undefined ? '' : `: it begins with "${excerptOf(text)}"`
  return new ExternalError(
    `The answer to ${verb} ${describeTarget(target)} is not a Kubernetes response: ${why}${begins}.`,
    {
      command: requestLine(verb, target),
      code: 200,
      nextSteps: [
        kubectlGet(target),
        'is something between here and the cluster that answers itself (a proxy, a login page)?',
      ],
    },
  )
}

/** What an answer that is no Status says, in a line. */
function excerptOf(text: string): string {
  const line = text
    .slice(0, 20 * EXCERPT)
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > EXCERPT ? `${line.slice(0, EXCERPT)}…` : line
}

function cut(message: string): string {
  if (message.length <= LONGEST_MESSAGE) return message
  return `${message.slice(0, LONGEST_MESSAGE)}… (${message.length} characters)`
}

function statusOf(text: string): Status {
  try {
    const status = (JSON.parse(text) ?? {}) as Record<keyof Status, unknown>
    const word = (value: unknown) => (typeof value === 'string' ? value : undefined)
    const message = word(status.message)
    return status.kind === 'Status' ? { message: message && cut(message), reason: word(status.reason) } : {}
  } catch {
    return {} // a proxy in between answered with something else
  }
}

/** Errors of the surroundings, that may pass: an overloaded server, a connection that broke. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ApiError) return [429, 500, 502, 503, 504].includes(error.status)
  return error instanceof ExternalError
}
