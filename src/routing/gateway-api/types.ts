import type { Service } from '../../cluster/kube/kube-types.js'
import type { RoutingObject } from '../objects.js'

/** The Gateway API's objects around an app; undefined fields could not be looked at. */
export interface GatewaySnapshot {
  /** The app's HTTPRoute; null if it is not there. */
  route?: RoutingObject | null
  /** The HTTPRoutes of everybody else. */
  otherRoutes?: RoutingObject[]
  gateways?: RoutingObject[]
  classes?: RoutingObject[]
  grants?: RoutingObject[]
  /** Labels of the app's namespace. */
  namespaceLabels?: Record<string, string>
  /** Services of the app's namespace. */
  services?: Service[]
  /** Release and channel of the installed CRDs. */
  release?: { release: string; channel: string }
  /** Whether the cluster knows HTTPRoutes. */
  isInstalled?: boolean
}
