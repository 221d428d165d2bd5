import type { PodServer } from '../../workloads/pod-server.js'
import type { PodLog } from './pod-log.js'

/** A pod that the kubelet admitted, and its container's present run. */
export interface RunningPod {
  uid: string
  ip: string
  log: PodLog
  server?: PodServer
  /** Cancels its next start. */
  cancel?: () => void
  crashes: number
  isCrashed: boolean
  /** When its container began to serve; ms since the epoch. */
  servingSince?: number
  /** The result of its readiness probe; undefined without one. */
  isReady?: boolean
  /** Whether it ran to completion. */
  hasEnded?: boolean
  isEnding?: boolean
}

/** The real port behind a port of a pod; undefined if it does not listen there. */
export function portBehind(server: PodServer | undefined, port: number): number | undefined {
  return server && (server.ports.length === 0 || server.ports.includes(port)) ? server.port : undefined
}
