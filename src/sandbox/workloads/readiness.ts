import { get } from 'node:http'
import { connect } from 'node:net'
import type { KubeObject } from '../api-server/objects.js'

/** A readiness probe of a pod's first container, its port a number. */
export interface ReadinessProbe {
  initialDelayMs: number
  periodMs: number
  successThreshold: number
  failureThreshold: number
  /** Probes once; `portOf` is the real port behind one of the pod's. */
  ask: (portOf: (port: number) => number | undefined) => Promise<boolean>
}

interface Written {
  httpGet?: { path?: string; port: number | string }
  tcpSocket?: { port: number | string }
  initialDelaySeconds?: number
  periodSeconds?: number
  timeoutSeconds?: number
  successThreshold?: number
  failureThreshold?: number
}

/** Undefined if the container has none. Probes that need a shell or gRPC in the pod count as success. */
export function readinessProbeOf(pod: KubeObject): ReadinessProbe | undefined {
  const container = pod.spec.containers[0] as {
    readinessProbe?: Written
    ports?: { name?: string; containerPort: number }[]
  }
  const probe = container.readinessProbe
  if (!probe) return undefined
  const { httpGet, tcpSocket, periodSeconds = 10, timeoutSeconds = 1 } = probe
  const numberOf = (port: number | string) =>
    typeof port === 'number' ? port : container.ports?.find(({ name }) => name === port)?.containerPort
  const wanted = httpGet ?? tcpSocket
  const port = wanted && numberOf(wanted.port)
  return {
    initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1000,
    periodMs: periodSeconds * 1000,
    successThreshold: probe.successThreshold ?? 1,
    failureThreshold: probe.failureThreshold ?? 3,
    ask: async (portOf) => {
      if (!wanted) return true
      const real = port === undefined ? undefined : portOf(port)
      if (real === undefined) return false
      return httpGet
        ? asksHttp(real, httpGet.path ?? '/', timeoutSeconds * 1000)
        : connects(real, timeoutSeconds * 1000)
    },
  }
}

function asksHttp(port: number, path: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, path, agent: false, headers: { 'user-agent': 'kube-probe/1.35' } },
      (response) => {
        response.resume()
        resolve((response.statusCode ?? 500) < 400)
      },
    )
    request.setTimeout(timeoutMs, () => request.destroy())
    request.on('error', () => resolve(false)).on('close', () => resolve(false))
  })
}

function connects(port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: timeoutMs })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => end(true))
    socket.on('timeout', () => end(false))
    socket.on('error', () => end(false))
  })
}
