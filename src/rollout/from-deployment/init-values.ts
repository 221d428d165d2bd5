import type { LeftOut } from '../../model/results/init.js'
import type { Json, JsonObject } from '../../model/values.js'
import { withoutEmpty } from '../values/json-fields.js'

/** Answers about an app, from questions or flags. */
export interface Answers {
  /** As typed; default: the chart's example image. */
  image?: string
  port: number
  /** Without one, a pod is ready as soon as its port is open. */
  healthPath?: string
  replicas: number
}

/** The content of a values file and its notes. */
export interface ValuesContent {
  app: string
  /** `app:` of the values. */
  config: JsonObject
  /** `service:` of the values. */
  service: JsonObject
  /** `routes` that choose the gateway. */
  routes: JsonObject
  /** Prefixes of `routes.matches`. */
  paths: string[]
  leftOut: LeftOut[]
  notes: string[]
}

/** The comment of each key, in the order of the file. */
const REASONS: Record<string, string> = {
  image: 'Without tag or digest, the tag is the version.',
  command: 'A template, like args and env: .Version, .Release and .Values are available.',
  args: 'Arguments of the container; templates.',
  workingDir: 'Working directory of the command.',
  port: "The container's port for requests, named http.",
  ports: 'Further ports of the container.',
  env: 'Environment variables: templates, or a source (valueFrom).',
  envFrom: 'ConfigMaps and Secrets whose keys become variables.',
  replicas: 'Pods of each version.',
  autoscaling: 'A HorizontalPodAutoscaler of each version, in place of replicas.',
  podDisruptionBudget: 'How many pods of each version have to survive evictions.',
  strategy: 'How pods of one version are replaced.',
  minReadySeconds: 'Seconds a pod has to be ready before it counts.',
  resources: 'Requests and limits of the container.',
  probes: 'A pod gets no requests until it is ready.',
  lifecycle: 'Hooks after a container starts and before it stops.',
  terminationGracePeriodSeconds: 'Seconds a pod may take to stop.',
  podSecurity:
    'The Deployment is less strict than the default, restricted (not root, no capabilities); none keeps it so.',
  securityContext: "The container's; overrides podSecurity.",
  podSecurityContext: "The pod's.",
  serviceAccount: 'An existing ServiceAccount.',
  volumes: 'Volumes of the pod; the objects they name have to exist in the namespace.',
  volumeMounts: 'Where the container mounts them.',
  initContainers: 'Containers that end before the app starts.',
  sidecars: 'Containers beside the app.',
  nodeSelector: 'Nodes that may run it.',
  tolerations: 'Taints of nodes that the pods tolerate.',
  affinity: 'Nodes and neighbours that the pods prefer or require.',
  topologySpread: 'How the pods of one version spread.',
  priorityClassName: 'Which pods come first when nodes are full.',
  runtimeClassName: 'Runtime of the containers.',
  hostAliases: 'Lines of /etc/hosts.',
  dnsPolicy: 'How names are resolved.',
  dnsConfig: 'How names are resolved.',
  os: 'The operating system that the containers need.',
  annotations: 'Of the pods.',
  labels: 'Of the pods, beside app and version.',
}

/** Keys that most services need sooner or later, suggested where they are missing. */
const SUGGESTIONS: Record<string, string[]> = {
  image: ['image: registry.example/team/app    # with neither tag nor digest, the tag is the version'],
  env: ['env:', '  LOG_LEVEL: info', '  DB_PASSWORD: {secretKeyRef: {name: db, key: password}}'],
  config: ['config:    # a ConfigMap per version', '  files: {app.yaml: "greeting: hello"}'],
  secrets: ['secrets: [{name: db, env: true}]    # Secrets that are there already'],
  resources: ['resources:', '  requests: {cpu: 100m, memory: 128Mi}', '  limits: {memory: 256Mi}'],
  lifecycle: ['drainSeconds: 5    # a pod that is to end answers for so long, until the proxy knows'],
  podSecurity: ['podSecurity: none    # for an image that runs as root'],
  podDisruptionBudget: ['podDisruptionBudget: {maxUnavailable: 1}'],
}

const INDENT = '  '

/** `app:` of the values, from answers. */
export function configFromAnswers({ image, port, healthPath, replicas }: Answers): JsonObject {
  const readiness: Json = healthPath ?? { tcpSocket: { port: 'http' } }
  return withoutEmpty({ image, port, replicas, probes: { readiness } })
}

/** The text of a values file: every key with its comment, and suggestions. `yaml` writes a value as YAML. */
export function valuesText(content: ValuesContent, yaml: (value: JsonObject) => string): string {
  const { app, config, service, routes, paths, leftOut, notes } = content
  const order = Object.keys(REASONS)
  const keys = Object.keys(config).sort((one, other) => order.indexOf(one) - order.indexOf(other))
  const written = keys.map((key) => [`# ${REASONS[key] ?? ''}`, ...lines(yaml({ [key]: config[key]! }))])
  const suggested = Object.entries(SUGGESTIONS).filter(([key]) => !(key in config))
  return [
    `# Values of ${app}, for the chart that comes with canary: its README lists every key.`,
    `# The versions (deployment) and their routes are written by canary install, start, shift and finish.`,
    ...notes.map((note) => `# Note: ${note}`),
    ...(leftOut.length > 0 ? ['# Of the Deployment these are not here:', ...leftOut.map(lossLine)] : []),
    '',
    '# What every version has; deployment.VERSION has the same keys, for one.',
    'app:',
    ...written.flatMap((block) => indented(block)),
    '',
    ...indented(['# As needed:', ...suggested.flatMap(([, text]) => text).map((line) => `# ${line}`)]),
    '',
    ...(Object.keys(service).length > 0
      ? ['# The Service before the pods of all versions.', ...lines(yaml({ service })), '']
      : []),
    '# What the app answers to: each a prefix, exact or regex, and methods, query and headers where wanted.',
    ...lines(yaml({ routes: { ...routes, matches: paths.map((prefix) => ({ prefix })) } })),
    '  # options:',
    '  #   timeout: 5s',
    '  #   prefixRewrite: /    # for an app that does not know the prefix',
    '',
    '# How a rollout is proven.',
    '# verify:',
    '#   version: {header: x-app-version}    # or json, or body: where answers name their version',
    `#   paths: [${paths[0] ?? `/${app}`}]    # probed; by default what routes.matches take`,
    '#   expect: {status: 200-299}',
    '',
  ].join('\n')
}

function lossLine({ field, reason }: LeftOut): string {
  return `#   ${field}: ${reason}`
}

function lines(text: string): string[] {
  return text.trimEnd().split('\n')
}

function indented(block: string[]): string[] {
  return block.map((line) => (line === '' ? '' : `${INDENT}${line}`))
}
