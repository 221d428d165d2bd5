import type { KubeObject } from '../api-server/objects.js'
import { httpEcho } from './http-echo.js'

export interface PodAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** What a container does once its image is there: it answers every request alike, or it ends at once. */
export type Program =
  | {
      does: 'serve'
      answer: PodAnswer
      /** Ports it listens on; empty where the pod does not say: any. */
      ports: number[]
      /** What it logs when it starts. */
      greeting: string
    }
  | { does: 'fail'; exitCode: number; output: string }

const HTTP_ECHO = /^(docker\.io\/)?hashicorp\/http-echo(:|@|$)/

/** http-echo is what the real one is; any other image answers with a small JSON document about its pod. */
export function programOf(pod: KubeObject): Program {
  const container = pod.spec.containers[0]
  if (HTTP_ECHO.test(container.image)) return httpEcho(container)
  const { app, version } = pod.metadata.labels ?? {}
  const body = `${JSON.stringify({ app, version, image: container.image, pod: pod.metadata.name })}\n`
  const ports: number[] = (container.ports ?? []).map((port: { containerPort: number }) => port.containerPort)
  return {
    does: 'serve',
    answer: {
      status: 200,
      headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) },
      body,
    },
    ports,
    greeting: `${container.image} stands in for itself on port ${ports.join(', ') || 'any'}`,
  }
}
