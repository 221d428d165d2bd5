import { canaryCommand, commented, kubectlCommand } from '../../model/command-line.js'
import { ExternalError } from '../../model/errors.js'
import type { Answer } from './api-transport.js'
import { describeTarget, pathOf, type Target } from './kube-types.js'

export type ApiVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'

/** The fields of a Kubernetes `Status` that describe an error. */
interface Status {
  kind?: string
  message?: string
  reason?: string
}

/** An API request that was answered with an error; `code` is the HTTP status, `reason` Kubernetes' own. */
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

/** What was read; undefined if the user may not read it. Other errors are thrown. */
export async function unlessForbidden<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined
    throw error
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

/** True for an answer of kubectl's proxy itself, which got none from the API server. */
export function isProxyFailure(answer: Answer): boolean {
  const { status, headers } = answer
  return (status === 500 || status === 502) && !(headers['content-type'] ?? '').includes('json')
}

/** True if nobody listens at the kubeconfig's address: an immediate retry would not help. */
export function isUnreachable(text: string): boolean {
  return /connection refused|no such host|network is unreachable|no route to host/.test(text)
}

/** Characters of an answer that an error quotes. */
const EXCERPT = 300
/** The same for Kubernetes' own messages, which name every invalid field of an object. */
const LONGEST_MESSAGE = 2000

/** Remedies for a cluster that does not answer. */
const reachRemedies = () => [
  commented(kubectlCommand(['cluster-info']), 'check whether kubectl reaches it'),
  'choose another cluster with --kubeconfig (or KUBECONFIG) or --kube-context',
]

/** Remedies for an overloaded or failing server: the request was fine. */
const busyRemedies = () => [
  'try again in a minute',
  commented(kubectlCommand(['get', '--raw', '/readyz?verbose']), 'check the health of the API server'),
]

/** Without a kubeconfig, kubectl tries port 8080 of this machine and does not mention why. */
function withoutKubeconfig(message: string): string[] {
  return /(127\.0\.0\.1|localhost|\[::1\]):8080\b/.test(message)
    ? [
        'name an existing kubeconfig: without one, kubectl tries port 8080 of this machine',
        commented(canaryCommand(['sandbox', 'start']), 'starts a cluster to try things on'),
      ]
    : []
}

/** The error of a request that was answered with a failure. */
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
          'log in to the cluster again, then repeat the command',
        ])
      : error(`Cannot reach the cluster: ${message}`, [...withoutKubeconfig(message), ...reachRemedies()])
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
        ? error(`Not found: ${describeTarget(target)}: ${message}`, [kubectlGet(target)])
        : error(
            `The cluster does not serve ${target.resource.plural} of ${target.resource.apiVersion}: ${message}`,
            [commented(canaryCommand(['doctor']), 'checks whether the gateway is installed')],
          )
    case 429:
      return error(`The API server is rejecting requests for now (429): ${message}`, busyRemedies())
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
      : ['name the namespace with -n/--namespace to read only that one']),
    kubectlCommand(['auth', 'can-i', verb, `${resource.plural}${group}`, ...scope], namespace),
    'ask for the permissions in docs/rbac.yaml: a Role bound to your user; canary doctor lists what is missing',
  ]
}

function kubectlGet({ resource, namespace, name }: Target): string {
  return kubectlCommand(['get', resource.plural, ...(name ? [name] : [])], namespace)
}

/** The error of a request without an answer, as far as this process could see. */
export function explainSilence(verb: ApiVerb, target: Target, cause: unknown): ExternalError {
  const said = cause instanceof Error ? cause.message : String(cause)
  return new ExternalError(`The connection to the cluster broke: ${said}`, {
    command: requestLine(verb, target),
    stderr: said,
    nextSteps: reachRemedies(),
    cause,
  })
}

/** The error of a success that is not a Kubernetes response; `why` is a clause. */
export function garbled(verb: ApiVerb, target: Target, why: string, text?: string): ExternalError {
  const begins = text === undefined ? '' : `: it begins with "${excerptOf(text)}"`
  return new ExternalError(
    `The answer to ${verb} ${describeTarget(target)} is not a Kubernetes response: ${why}${begins}.`,
    {
      command: requestLine(verb, target),
      code: 200,
      nextSteps: [
        kubectlGet(target),
        'check for something in between that answers itself (a proxy, a login page)',
      ],
    },
  )
}

/** One line of an answer that is not a Status. */
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

/** Errors that may pass: an overloaded server, a broken connection. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ApiError) return [429, 500, 502, 503, 504].includes(error.status)
  return error instanceof ExternalError
}
