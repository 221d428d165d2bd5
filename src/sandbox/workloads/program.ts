import type { KubeObject } from '../api-server/objects.js'
import { httpEcho } from './http-echo.js'

export interface PodAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** What a container does once its image is pulled: it answers every request alike, or it exits at once. */
export type Program =
  | {
      does: 'serve'
      answer: PodAnswer
      /**
       * How long it answers only with 503 after its start, and how long it takes to end when asked to, milliseconds.
       */
      startMs: number
      drainMs: number
      /** Ports it listens on; empty if the pod does not declare any: all. */
      ports: number[]
      /** What it logs at start. */
      greeting: string
    }
  | { does: 'fail'; exitCode: number; output: string }
  /** Requests one URL, and ends. */
  | { does: 'ask'; url: string }

const HTTP_ECHO = /^(docker\.io\/)?hashicorp\/http-echo(:|@|$)/

const CURL = /(^|\/)curl(:|@|$)/

/**
 * http-echo behaves like the real one, and curl requests the URL among its arguments; any other image answers with a
 * small JSON document about its pod. Its environment can slow it down: START_MS until it answers, DRAIN_MS to end.
 */
export function programOf(pod: KubeObject, env: Record<string, string> = {}): Program {
  const container = pod.spec.containers[0]
  if (HTTP_ECHO.test(container.image)) return httpEcho(container)
  if (CURL.test(container.image)) {
    const words: string[] = [...(container.command ?? []), ...(container.args ?? [])]
    const url = words.find((word) => /^https?:/.test(word))
    if (url !== undefined) return { does: 'ask', url }
    return { does: 'fail', exitCode: 2, output: "curl: try 'curl --help' for more information" }
  }
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
    startMs: milliseconds(env.START_MS),
    drainMs: milliseconds(env.DRAIN_MS),
    greeting: `${container.image} stands in for itself on port ${ports.join(', ') || 'any'}`,
  }
}

function milliseconds(text: string | undefined): number {
  const value = Number(text ?? 0)
  return Number.isFinite(value) && value > 0 ? value : 0
}
