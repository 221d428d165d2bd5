import { ApiError } from './api-errors.js'
import type { ClusterObject } from '../ports/objects.js'
import type { KubeApi } from './kube-api.js'
import { SELF_REVIEWS } from './kube-types.js'

interface SelfSubjectReview extends ClusterObject {
  status?: { userInfo?: { username?: string } }
}

/** The user's name according to the API server; undefined if it refuses or has no such API (before Kubernetes 1.28). */
export async function identity(api: Pick<KubeApi, 'create'>): Promise<string | undefined> {
  try {
    const asked = { apiVersion: SELF_REVIEWS.apiVersion, kind: 'SelfSubjectReview' }
    const { status } = await api.create<SelfSubjectReview>({ resource: SELF_REVIEWS }, asked)
    return status?.userInfo?.username || undefined
  } catch (error) {
    if (error instanceof ApiError) return undefined
    throw error
  }
}
