import type { AppLock, LockRequest, RecordedProof } from './cluster.js'
import type { KubeApi } from './kube-api.js'

export function lockApp(_api: KubeApi, _request: LockRequest): Promise<AppLock> {
  throw new Error('being written')
}

export function recordedProofs(_api: KubeApi, _app: string, _namespace: string): Promise<RecordedProof[]> {
  throw new Error('being written')
}
