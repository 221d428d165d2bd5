import { isDeepStrictEqual } from 'node:util'
import type { Json, JsonObject } from '../../model/values.js'
import { isObject } from '../values/merge.js'

/** The API server's defaults for a Deployment; it writes them into the objects it stores. */
const DEPLOYMENT: JsonObject = {
  minReadySeconds: 0,
  paused: false,
  progressDeadlineSeconds: 600,
  revisionHistoryLimit: 10,
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
}

const POD: JsonObject = {
  dnsPolicy: 'ClusterFirst',
  enableServiceLinks: true,
  hostIPC: false,
  hostNetwork: false,
  hostPID: false,
  restartPolicy: 'Always',
  schedulerName: 'default-scheduler',
  shareProcessNamespace: false,
  terminationGracePeriodSeconds: 30,
}

const CONTAINER: JsonObject = {
  stdin: false,
  stdinOnce: false,
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  tty: false,
}

const PROBE: JsonObject = {
  failureThreshold: 3,
  initialDelaySeconds: 0,
  periodSeconds: 10,
  successThreshold: 1,
  timeoutSeconds: 1,
}

/** Annotations that tools write for themselves. */
const BOOKKEEPING =
  /^(kubectl|deployment|deprecated\.daemonset\.template)\.kubernetes\.io\/|^meta\.helm\.sh\//

/** The spec of a Deployment without defaults. */
export function plainDeploymentSpec(spec: JsonObject): JsonObject {
  const strategy = isObject(spec.strategy) ? spec.strategy : {}
  const plain = without(spec, DEPLOYMENT)
  // `type: RollingUpdate` alone is the default, too.
  if (strategy.type === 'RollingUpdate' && !isObject(strategy.rollingUpdate)) delete plain.strategy
  return plain
}

/** The spec of a pod without defaults; its containers unchanged. */
export function plainPodSpec(spec: JsonObject): JsonObject {
  const plain = without(spec, POD)
  // The API server also writes the name under its deprecated key; the new key takes precedence.
  const { serviceAccount, serviceAccountName = serviceAccount } = plain
  delete plain.serviceAccount
  if (serviceAccountName !== undefined) plain.serviceAccountName = serviceAccountName
  if (Array.isArray(plain.volumes)) plain.volumes = plain.volumes.map(plainVolume)
  return plain
}

/** A container without defaults. The pull policy stays: its default depends on the tag. */
export function plainContainer(container: JsonObject): JsonObject {
  const plain = without(container, CONTAINER)
  for (const kind of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
    const probe = plain[kind]
    if (isObject(probe)) plain[kind] = plainProbe(probe)
  }
  if (Array.isArray(plain.ports)) {
    plain.ports = plain.ports.map((port) => (isObject(port) ? without(port, { protocol: 'TCP' }) : port))
  }
  if (Array.isArray(plain.env)) plain.env = plain.env.map(plainVariable)
  return plain
}

/** Annotations without those of tools. */
export function plainAnnotations(annotations: Json | undefined): JsonObject {
  if (!isObject(annotations)) return {}
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => !BOOKKEEPING.test(name)))
}

function plainProbe(probe: JsonObject): JsonObject {
  const plain = without(probe, PROBE)
  if (isObject(plain.httpGet)) plain.httpGet = without(plain.httpGet, { scheme: 'HTTP' })
  if (isObject(plain.grpc)) plain.grpc = without(plain.grpc, { service: '' })
  return plain
}

function plainVariable(variable: Json): Json {
  if (!isObject(variable) || !isObject(variable.valueFrom)) return variable
  const from = { ...variable.valueFrom }
  if (isObject(from.fieldRef)) from.fieldRef = without(from.fieldRef, { apiVersion: 'v1' })
  return { ...variable, valueFrom: from }
}

function plainVolume(volume: Json): Json {
  if (!isObject(volume)) return volume
  const plain = { ...volume }
  for (const kind of ['configMap', 'secret', 'downwardAPI', 'projected']) {
    const source = plain[kind]
    if (isObject(source)) plain[kind] = without(source, { defaultMode: 0o644 })
  }
  if (isObject(plain.hostPath)) plain.hostPath = without(plain.hostPath, { type: '' })
  return plain
}

/** Without fields that equal their default or are empty: null, an empty map or list. */
function without(object: JsonObject, defaults: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(
      ([key, value]) => !isNothing(value) && !(key in defaults && isDeepStrictEqual(value, defaults[key])),
    ),
  )
}

function isNothing(value: Json): boolean {
  if (value === null) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
