import type { KubeObject } from '../api-server/objects.js'

/** Reads a ConfigMap or Secret of the pod's namespace; undefined if it does not exist. */
export type ReadObject = (kind: 'configmap' | 'secret', name: string) => KubeObject | undefined

/** The variables of a container, or what is missing of its configuration, worded like the kubelet. */
export type Environment = { values: Record<string, string> } | { missing: string }

interface Variable {
  name: string
  value?: string
  valueFrom?: {
    configMapKeyRef?: KeyRef
    secretKeyRef?: KeyRef
    fieldRef?: { fieldPath: string }
  }
}

interface KeyRef {
  name: string
  key: string
  optional?: boolean
}

interface Source {
  prefix?: string
  configMapRef?: { name: string; optional?: boolean }
  secretRef?: { name: string; optional?: boolean }
}

/** The environment of the pod's first container: all keys of `envFrom`, overridden by `env`, like the kubelet. */
export function environmentOf(pod: KubeObject, read: ReadObject): Environment {
  const container = pod.spec.containers[0] as { env?: Variable[]; envFrom?: Source[] }
  const values: Record<string, string> = {}
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const kind = configMapRef ? 'configmap' : 'secret'
    const ref = configMapRef ?? secretRef
    if (!ref) continue
    const object = read(kind, ref.name)
    if (!object && !ref.optional) return { missing: `${kind} "${ref.name}" not found` }
    for (const [key, value] of Object.entries(dataOf(object))) values[prefix + key] = value
  }
  for (const { name, value = '', valueFrom } of container.env ?? []) {
    const { configMapKeyRef, secretKeyRef, fieldRef } = valueFrom ?? {}
    const ref = configMapKeyRef ?? secretKeyRef
    if (ref) {
      const kind = configMapKeyRef ? 'configmap' : 'secret'
      const object = read(kind, ref.name)
      const found = dataOf(object)[ref.key]
      if (found !== undefined) values[name] = found
      else if (!ref.optional) {
        const what = kind === 'configmap' ? 'ConfigMap' : 'Secret'
        const where = `${what} ${pod.metadata.namespace}/${ref.name}`
        return {
          missing: object ? `couldn't find key ${ref.key} in ${where}` : `${kind} "${ref.name}" not found`,
        }
      }
    } else if (fieldRef) values[name] = fieldOf(pod, fieldRef.fieldPath)
    else values[name] = expanded(value, values)
  }
  return { values }
}

/** The first volume whose ConfigMap or Secret is missing, worded like the kubelet; undefined if none is. */
export function missingVolume(pod: KubeObject, read: ReadObject): string | undefined {
  interface Volume {
    name: string
    configMap?: { name: string; optional?: boolean }
    secret?: { secretName: string; optional?: boolean }
  }
  for (const { name, configMap, secret } of (pod.spec.volumes ?? []) as Volume[]) {
    const kind = configMap ? 'configmap' : 'secret'
    const wanted = configMap?.name ?? secret?.secretName
    if (wanted === undefined || (configMap ?? secret)?.optional || read(kind, wanted)) continue
    return `MountVolume.SetUp failed for volume "${name}" : ${kind} "${wanted}" not found`
  }
  return undefined
}

function dataOf(object: KubeObject | undefined): Record<string, string> {
  const { data = {}, kind } = (object ?? {}) as { data?: Record<string, string>; kind?: string }
  if (kind !== 'Secret') return data
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  )
}

function fieldOf({ metadata, status }: KubeObject, path: string): string {
  const [, list, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? []
  if (list !== undefined && key !== undefined) {
    return (metadata as unknown as Record<string, Record<string, string> | undefined>)[list]?.[key] ?? ''
  }
  const fields: Record<string, string | undefined> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'status.podIP': status?.podIP as string | undefined,
    'spec.nodeName': 'sandbox',
  }
  return fields[path] ?? ''
}

/** `$(NAME)` is a preceding variable; an unknown one stays unchanged. */
function expanded(text: string, values: Record<string, string>): string {
  return text.replace(/\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)/g, (whole, name: string) => values[name] ?? whole)
}
