import { defaultDefinition } from '../custom-kinds/definition.js'
import { applyOpenApiDefaults } from '../custom-kinds/open-api-rules.js'
import type { KubeObject, ResourceType } from '../objects.js'
import { defaultGateway, defaultGatewayClass, defaultHttpRoute } from './gateway-api-defaults.js'

/** Sets Kubernetes' defaults for missing fields. Changes the object in place. */
export function applyDefaults(resource: ResourceType, object: KubeObject): void {
  const schema = resource.schemas?.[resource.version]
  if (schema) applyOpenApiDefaults(object, schema)
  else DEFAULTS[resource.kind]?.(object)
}

const DEFAULTS: Record<string, (object: KubeObject) => void> = {
  Namespace: ({ metadata }) => {
    metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name }
  },
  Secret: defaultSecret,
  Service: ({ spec }) => defaultService(spec),
  Deployment: ({ spec }) => defaultDeployment(spec),
  ReplicaSet: ({ spec }) => {
    spec.replicas ??= 1
    defaultPodSpec(spec.template?.spec)
  },
  Pod: ({ spec }) => defaultPodSpec(spec),
  HorizontalPodAutoscaler: ({ spec }) => {
    spec.minReplicas ??= 1
  },
  RouteTable: defaultGlooStatus,
  VirtualService: defaultGlooStatus,
  Upstream: defaultGlooStatus,
  CustomResourceDefinition: defaultDefinition,
  HTTPRoute: defaultHttpRoute,
  Gateway: defaultGateway,
  GatewayClass: defaultGatewayClass,
}

/** Gloo's CRDs define a default status. */
function defaultGlooStatus(object: KubeObject): void {
  object.status ??= {}
  object.status.statuses ??= {}
}

function defaultSecret(secret: KubeObject): void {
  secret.type ??= 'Opaque'
  if (!secret.stringData) return
  const encoded = Object.entries(secret.stringData as Record<string, string>).map(([key, text]) => [
    key,
    Buffer.from(text).toString('base64'),
  ])
  secret.data = { ...secret.data, ...(Object.fromEntries(encoded) as object) }
  delete secret.stringData
}

function defaultService(spec: any): void {
  spec.type ??= 'ClusterIP'
  spec.sessionAffinity ??= 'None'
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') spec.externalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP'
    port.targetPort ??= port.port
  }
}

function defaultDeployment(spec: any): void {
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= 10
  spec.progressDeadlineSeconds ??= 600
  spec.strategy ??= {}
  spec.strategy.type ??= 'RollingUpdate'
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate = {
      maxUnavailable: '25%',
      maxSurge: '25%',
      ...spec.strategy.rollingUpdate,
    }
  }
  defaultPodSpec(spec.template?.spec)
}

function defaultPodSpec(spec: any): void {
  if (!spec) return
  spec.restartPolicy ??= 'Always'
  spec.terminationGracePeriodSeconds ??= 30
  spec.dnsPolicy ??= 'ClusterFirst'
  spec.securityContext ??= {}
  spec.schedulerName ??= 'default-scheduler'
  if (spec.serviceAccountName) spec.serviceAccount ??= spec.serviceAccountName
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])])
    defaultContainer(container)
  for (const volume of spec.volumes ?? []) {
    for (const source of ['configMap', 'secret', 'projected', 'downwardAPI']) {
      if (volume[source]) volume[source].defaultMode ??= 0o644
    }
  }
}

function defaultContainer(container: any): void {
  container.terminationMessagePath ??= '/dev/termination-log'
  container.terminationMessagePolicy ??= 'File'
  container.imagePullPolicy ??= isMutableImage(String(container.image ?? '')) ? 'Always' : 'IfNotPresent'
  for (const port of container.ports ?? []) port.protocol ??= 'TCP'
  for (const variable of container.env ?? []) {
    if (variable.valueFrom?.fieldRef) variable.valueFrom.fieldRef.apiVersion ??= 'v1'
  }
  for (const name of ['readinessProbe', 'livenessProbe', 'startupProbe']) defaultProbe(container[name])
}

function defaultProbe(probe: any): void {
  if (!probe) return
  probe.timeoutSeconds ??= 1
  probe.periodSeconds ??= 10
  probe.successThreshold ??= 1
  probe.failureThreshold ??= 3
  if (probe.httpGet) {
    probe.httpGet.path ??= '/'
    probe.httpGet.scheme ??= 'HTTP'
  }
}

/** Untagged, or tagged `latest`: the content behind the name may change. */
function isMutableImage(image: string): boolean {
  if (image.includes('@')) return false
  const tag = /:([^/:]+)$/.exec(image)?.[1]
  return tag === undefined || tag === 'latest'
}
