import type { Finding } from '../../model/results/doctor.js'
import type { Permission } from '../permissions.js'

/** Checks of `doctor` that concern any app. */
export interface Checks {
  /** Whether helm, kubectl and the cluster work: findings of `doctor`. */
  preflight(): Promise<Finding[]>

  /** Whether the user may do what canary and helm need in this namespace, and what `more` names. */
  permissions(namespace: string, more: readonly Permission[]): Promise<Finding[]>
}
