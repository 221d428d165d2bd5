import { isDeepStrictEqual } from 'node:util'
import type { LeftOut } from '../../model/results/init.js'
import { maskSecrets } from '../../lib/secrets/secrets.js'
import type { Json, JsonObject } from '../../model/values.js'
import { ContainerPorts } from './container-ports.js'
import { containerValues } from './container-values.js'
import { autoscalingValues, budgetValues } from '../import/scaling-values.js'
import { unread, unreadAround } from '../import/unread.js'
import { listOf, mapOf, textOf, withoutEmpty } from '../values/json-fields.js'
import { withoutLiteralSecrets } from './literal-secrets.js'
import { isObject } from '../values/merge.js'
import { plainAnnotations, plainContainer, plainDeploymentSpec, plainPodSpec } from './server-defaults.js'
import { requestPort, serviceValues } from './service-values.js'

/** A Deployment as values of the chart. */
export interface DeploymentValues {
  /** `app:` of the values. */
  app: JsonObject
  /** `service:` of the values, where there is a Service. */
  service: JsonObject
  /** Fields of the Deployment and the Service that the values cannot express. */
  leftOut: LeftOut[]
  /** What to know before installing, a sentence each. */
  notes: string[]
}

export interface DeploymentRequest {
  app: string
  deployment: JsonObject
  /** Name of the app's container, which has to exist; the first one by default. */
  container?: string
  /** The port for requests; by default the Service's, else the container's. */
  port?: number
  /** The Service that sends to the Deployment's pods. */
  service?: JsonObject
  /** Its HorizontalPodAutoscaler and its PodDisruptionBudget. */
  autoscaler?: JsonObject
  budget?: JsonObject
  /** Keep passwords literal instead of making them references to a Secret. */
  withSecrets: boolean
}

/** Fields of a pod's spec that the values hold unchanged, by their key in the values. */
const AS_THEY_ARE: Record<string, string> = {
  terminationGracePeriodSeconds: 'terminationGracePeriodSeconds',
  securityContext: 'podSecurityContext',
  volumes: 'volumes',
  nodeSelector: 'nodeSelector',
  tolerations: 'tolerations',
  affinity: 'affinity',
  priorityClassName: 'priorityClassName',
  runtimeClassName: 'runtimeClassName',
  hostAliases: 'hostAliases',
  dnsPolicy: 'dnsPolicy',
  dnsConfig: 'dnsConfig',
  os: 'os',
}

const READ_OTHERWISE = [
  'containers',
  'initContainers',
  'imagePullSecrets',
  'serviceAccountName',
  'automountServiceAccountToken',
  'topologySpreadConstraints',
]

/** The Deployment's containers; empty where it is malformed. */
export function containersOf(deployment: JsonObject): JsonObject[] {
  return listOf(podSpecOf(deployment).containers)
}

/** The values with which the chart makes the same pods as a Deployment, and what differs. */
export function valuesFromDeployment(request: DeploymentRequest): DeploymentValues {
  const { app, deployment, service, autoscaler, budget, withSecrets } = request
  const deploymentSpec = plainDeploymentSpec(mapOf(deployment.spec))
  const spec = plainPodSpec(podSpecOf(deployment))
  const metadata = mapOf(mapOf(deploymentSpec.template).metadata)
  const secret = `${app}-secrets`
  const moved: string[] = []
  const masked: string[] = []
  const literal: string[] = []
  const clean = (container: JsonObject) => {
    const plain = plainContainer(container)
    const cleaned = withoutLiteralSecrets(plain, secret)
    if (withSecrets) {
      const places = [...cleaned.moved.map(({ place }) => place), ...cleaned.masked]
      literal.push(...places.map((place) => `${textOf(container.name)}: ${place}`))
      return plain
    }
    for (const { place, key } of cleaned.moved) {
      moved.push(`${textOf(container.name)}: ${place} (key ${key})`)
    }
    masked.push(...cleaned.masked.map((field) => `${textOf(container.name)}: ${field}`))
    return cleaned.container
  }
  const annotations = plainAnnotations(metadata.annotations)
  const safeAnnotations = maskSecrets(annotations)
  if (!isDeepStrictEqual(annotations, safeAnnotations)) (withSecrets ? literal : masked).push('annotations')
  const containers = listOf(spec.containers)
  const own = containers.find(({ name }) => name === request.container) ?? containers[0] ?? {}
  const ports = new ContainerPorts(own.ports, request.port ?? (service ? requestPort(service) : undefined))
  const ownValues = containerValues(clean(own), {
    ports,
    podSecurity: mapOf(spec.securityContext),
    pullSecrets: listOf(spec.imagePullSecrets).map(({ name }) => textOf(name)),
  })
  const asTheyAre = Object.entries(AS_THEY_ARE).map(([field, key]) => [key, spec[field]] as const)
  const { replicas, strategy, minReadySeconds } = deploymentSpec
  const autoscaling = autoscaler && autoscalingValues(autoscaler, textOf(own.name))
  const disruptions = budget && budgetValues(budget)
  const values = withoutEmpty({
    ...ownValues.values,
    replicas: autoscaling ? undefined : typeof replicas === 'number' ? replicas : 1,
    autoscaling: autoscaling?.values,
    podDisruptionBudget: disruptions?.values,
    strategy,
    minReadySeconds,
    ...Object.fromEntries(asTheyAre),
    serviceAccount: serviceAccount(spec),
    topologySpread: topologySpread(spec, deploymentSpec),
    initContainers: listOf(spec.initContainers).map(clean),
    sidecars: containers.filter((container) => container !== own).map(clean),
    annotations: withSecrets ? annotations : safeAnnotations,
    labels: ownLabels(metadata.labels),
  })
  const fromService = service ? serviceValues(service, ports) : { values: {}, leftOut: [] }
  return {
    app: values,
    service: fromService.values,
    leftOut: [
      ...deploymentLosses(deployment, deploymentSpec),
      ...podLosses(app, spec, metadata),
      { field: `containers ${textOf(own.name)}: name`, reason: `the chart calls it ${app}-VERSION` },
      ...ownValues.leftOut.map(within(`containers ${textOf(own.name)}`)),
      ...fromService.leftOut.map(within('Service')),
      ...(autoscaling?.leftOut ?? []).map(within('HorizontalPodAutoscaler')),
      ...(disruptions?.leftOut ?? []).map(within('PodDisruptionBudget')),
    ],
    notes: [
      ...ports.notes,
      ...(moved.length > 0
        ? [
            `The Deployment has literal secrets. The values refer to Secret ${secret} instead, which you have to create, with: ${moved.join(', ')}.`,
          ]
        : []),
      ...(masked.length > 0
        ? [
            `The Deployment has literal secrets in fields that cannot refer to a Secret; they are *** in the values: ${masked.join(', ')}. Move each to a variable with valueFrom.secretKeyRef, or to a mounted Secret.`,
          ]
        : []),
      ...(literal.length > 0
        ? [
            `The values contain literal secrets: ${literal.join(', ')}. Before you commit the file, move each to a Secret and refer to it (valueFrom.secretKeyRef).`,
          ]
        : []),
      ...(replicas === 0
        ? [
            autoscaling
              ? 'The Deployment has 0 replicas, which disables its autoscaler; the one in the values will start pods.'
              : 'The Deployment has 0 replicas: set replicas before you install.',
          ]
        : []),
      ...selectorNotes(app, values, metadata),
    ],
  }
}

function podSpecOf(deployment: JsonObject): JsonObject {
  return mapOf(mapOf(mapOf(deployment.spec).template).spec)
}

function serviceAccount(spec: JsonObject): Json | undefined {
  const { serviceAccountName: name, automountServiceAccountToken: automount } = spec
  if (automount === undefined) return name
  return { name: name ?? 'default', automount }
}

/** The chart's own selector counts the pods of one version, as the Deployment's does. */
function topologySpread(spec: JsonObject, { selector }: JsonObject): JsonObject[] {
  return listOf(spec.topologySpreadConstraints).map((constraint) => {
    const { labelSelector, ...rest } = constraint
    return isDeepStrictEqual(labelSelector, selector) ? rest : constraint
  })
}

function ownLabels(labels: Json | undefined): JsonObject {
  const { app: _app, version: _version, 'pod-template-hash': _hash, ...own } = mapOf(labels)
  return own
}

function deploymentLosses(deployment: JsonObject, spec: JsonObject): LeftOut[] {
  const template = mapOf(spec.template)
  return [
    ...unreadAround(deployment),
    ...unread(spec, ['replicas', 'template', 'selector', 'strategy', 'minReadySeconds'], 'spec.'),
    ...unread(template, ['metadata', 'spec'], 'spec.template.'),
    // Kubernetes names the pods.
    ...unread(
      mapOf(template.metadata),
      ['labels', 'annotations', 'creationTimestamp', 'name', 'namespace'],
      'spec.template.metadata.',
    ),
  ]
}

function podLosses(app: string, spec: JsonObject, { labels }: JsonObject): LeftOut[] {
  return [
    ...replacedLabels(app, mapOf(labels)).map((name) => ({
      field: `labels ${name}`,
      reason: `the chart sets it to the ${name === 'app' ? 'name of the app' : 'version'}`,
    })),
    ...unread(spec, [...Object.keys(AS_THEY_ARE), ...READ_OTHERWISE]),
    ...listOf(spec.imagePullSecrets).flatMap((secret) => unread(secret, ['name'], 'imagePullSecrets: ')),
  ]
}

/** Labels that the chart sets to other values. */
function replacedLabels(app: string, labels: JsonObject): string[] {
  return ['app', 'version'].filter(
    (name) => labels[name] !== undefined && !(name === 'app' && labels[name] === app),
  )
}

/** Selectors that match labels which the pods will no longer have. */
function selectorNotes(app: string, values: JsonObject, { labels }: JsonObject): string[] {
  const given = mapOf(labels)
  const gone = replacedLabels(app, given)
  const places = ['affinity', 'topologySpread'].filter((field) =>
    gone.some((name) => asksFor(values[field], name, given[name])),
  )
  return places.map(
    (field) =>
      `${field} looks for pods with ${gone.map((name) => `${name}=${textOf(given[name])}`).join(' and ')}, which the new pods do not have: correct its selector.`,
  )
}

function asksFor(selector: Json | undefined, label: string, value: Json | undefined): boolean {
  if (Array.isArray(selector)) return selector.some((item) => asksFor(item, label, value))
  if (!isObject(selector)) return false
  if (selector.key === label && Array.isArray(selector.values)) return true
  const { matchLabels } = selector
  if (isObject(matchLabels) && matchLabels[label] === value) return true
  return Object.values(selector).some((item) => asksFor(item, label, value))
}

function within(place: string): (lost: LeftOut) => LeftOut {
  return ({ field, reason }) => ({ field: `${place}: ${field}`, reason })
}
