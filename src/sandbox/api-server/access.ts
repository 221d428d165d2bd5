import { readObject } from './encoding/body.js'
import type { Answer, WriteRequest } from './registry/context.js'
import { findResource } from './request.js'
import { ApiError, forbidden } from './status.js'

/** The parts of a request that access rules and faults look at. */
export interface ApiRequest {
  /** get, list, watch, create, update, patch, delete, deletecollection. */
  verb: string
  group: string
  /** Plural: `secrets`. */
  resource: string
  subresource?: string
  namespace?: string
  name?: string
}

/** An answer instead of the real one. */
export interface Refusal {
  status: number
  reason: string
  message: string
}

/** Whether to refuse a request; `forbidden` is worded like Kubernetes. */
export type Intercept = (
  request: ApiRequest,
) => Refusal | 'forbidden' | undefined | Promise<Refusal | 'forbidden' | undefined>

/** The sandbox has one user. */
const USER = 'sandbox'

/** Throws what `intercept` wants a request to be answered with. */
export async function checkAccess(intercept: Intercept | undefined, request: ApiRequest): Promise<void> {
  const refusal = await intercept?.(request)
  if (refusal === undefined) return
  if (refusal !== 'forbidden') throw new ApiError(refusal.status, refusal.reason, refusal.message)
  const { group, resource, name } = request
  const subject = { group, plural: resource, kind: findResource(group, resource)?.kind ?? resource }
  throw forbidden(subject, name, forbiddenCause(request))
}

function forbiddenCause({ verb, group, resource, subresource, namespace }: ApiRequest): string {
  const what = subresource ? `${resource}/${subresource}` : resource
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`
  return `User "${USER}" cannot ${verb} resource "${what}" in API group "${group}" ${where}`
}

const REVIEWS = {
  selfsubjectaccessreviews: reviewAccess,
  selfsubjectrulesreviews: () => ({
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    incomplete: false,
  }),
}

type ReviewSpec = { resourceAttributes?: Record<string, string>; nonResourceAttributes?: unknown }

/** `kubectl auth whoami`: the one user, or the one a client impersonates (`kubectl --as`). */
async function whoAmI(
  asked: string | string[] | undefined,
  intercept: Intercept | undefined,
): Promise<Answer> {
  const request = { verb: 'create', group: 'authentication.k8s.io', resource: 'selfsubjectreviews' }
  await checkAccess(intercept, request)
  const username = typeof asked === 'string' && asked !== '' ? asked : USER
  return {
    code: 201,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
      metadata: { creationTimestamp: new Date().toISOString() },
      status: { userInfo: { username, groups: ['system:authenticated'] } },
    },
  }
}

/** `kubectl auth whoami` and `can-i`: POST to one of the self-subject reviews; undefined for other paths. */
export async function review(
  path: string,
  request: Pick<WriteRequest, 'body'> & { impersonated?: string | string[] },
  intercept: Intercept | undefined,
): Promise<Answer | undefined> {
  if (path === '/apis/authentication.k8s.io/v1/selfsubjectreviews') {
    return whoAmI(request.impersonated, intercept)
  }
  const match = /^\/apis\/authorization\.k8s\.io\/v1\/(\w+)$/.exec(path)
  const answer = match && REVIEWS[match[1] as keyof typeof REVIEWS]
  if (!answer) return undefined
  const sent = await readObject(request.body, 'SelfSubjectAccessReview')
  const status = await answer((sent.spec ?? {}) as ReviewSpec, intercept)
  return { code: 201, body: { ...sent, metadata: { ...sent.metadata }, status } }
}

async function reviewAccess({ resourceAttributes }: ReviewSpec, intercept: Intercept | undefined) {
  if (!resourceAttributes) return { allowed: true }
  const { verb = '', group = '', resource = '', subresource, namespace, name } = resourceAttributes
  const refusal = await intercept?.({
    verb,
    group,
    resource,
    subresource,
    namespace: namespace || undefined,
    name,
  })
  if (refusal === undefined) return { allowed: true }
  const reason = refusal === 'forbidden' ? undefined : refusal.message
  return { allowed: false, ...(reason ? { reason } : {}) }
}
