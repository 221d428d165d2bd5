import type { Finding } from '../../model/results/doctor.js'
import type { Permission } from '../permissions.js'

/** What `doctor` looks at around any app. */
export interface Checks {
  /** Whether helm, kubectl and the cluster are there: findings of `doctor`. */
  preflight(): Promise<Finding[]>

  /** Whether the user may do what canary and helm need in this namespace, and what `more` names. */
  permissions(namespace: string, more: readonly Permission[]): Promise<Finding[]>
}
