import type { KubeObject, ResourceType } from '../objects.js'

interface Column {
  name: string
  type: 'string' | 'integer'
  cell: (object: KubeObject) => string | number
  /** Only shown by `kubectl get -o wide`. */
  wide?: true
}

const NAME: Column = { name: 'Name', type: 'string', cell: (object) => object.metadata.name }
const AGE: Column = { name: 'Age', type: 'string', cell: (object) => age(object.metadata.creationTimestamp) }

const COLUMNS: Record<string, Column[]> = {
  Namespace: [NAME, text('Status', (object) => object.status?.phase), AGE],
  Secret: [NAME, text('Type', (object) => object.type), count('Data', (object) => object.data), AGE],
  ConfigMap: [NAME, count('Data', (object) => object.data), AGE],
  ServiceAccount: [NAME, count('Secrets', (object) => object.secrets), AGE],
  Service: [
    NAME,
    text('Type', (object) => object.spec?.type),
    text('Cluster-IP', (object) => object.spec?.clusterIP),
    text('External-IP', externalAddress),
    text('Port(s)', servicePorts),
    AGE,
    wide(text('Selector', (object) => labelText(object.spec?.selector))),
  ],
  Endpoints: [NAME, text('Endpoints', endpointAddresses), AGE],
  EndpointSlice: [
    NAME,
    text('AddressType', (object) => object.addressType),
    text('Ports', (object) => join(object.ports, (port) => port.port)),
    text('Endpoints', (object) => join(object.endpoints, (endpoint) => endpoint.addresses?.[0])),
    AGE,
  ],
  Pod: [
    NAME,
    text('Ready', podReady),
    text('Status', podStatus),
    text('Restarts', podRestarts),
    AGE,
    wide(text('IP', (object) => object.status?.podIP)),
    wide(text('Node', (object) => object.spec?.nodeName)),
    wide(text('Nominated Node', () => undefined)),
    wide(text('Readiness Gates', () => undefined)),
  ],
  Node: [
    NAME,
    text('Status', (object) => (conditionOf(object, 'Ready')?.status === 'True' ? 'Ready' : 'NotReady')),
    text('Roles', () => undefined),
    AGE,
    text('Version', (object) => object.status?.nodeInfo?.kubeletVersion),
  ],
  Event: [
    text('Last Seen', (object) => age(object.lastTimestamp ?? object.metadata.creationTimestamp)),
    text('Type', (object) => object.type),
    text('Reason', (object) => object.reason),
    text(
      'Object',
      (object) => `${object.involvedObject?.kind?.toLowerCase()}/${object.involvedObject?.name}`,
    ),
    text('Message', (object) => object.message?.trim()),
    wide(NAME),
  ],
  Deployment: [
    NAME,
    text('Ready', (object) => `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`),
    number('Up-to-date', (object) => object.status?.updatedReplicas, 'string'),
    number('Available', (object) => object.status?.availableReplicas, 'string'),
    AGE,
    ...workloadColumns(),
  ],
  ReplicaSet: [
    NAME,
    number('Desired', (object) => object.spec?.replicas),
    number('Current', (object) => object.status?.replicas),
    number('Ready', (object) => object.status?.readyReplicas),
    AGE,
    ...workloadColumns(),
  ],
  HorizontalPodAutoscaler: [
    NAME,
    text('Reference', ({ spec }) => `${spec?.scaleTargetRef?.kind}/${spec?.scaleTargetRef?.name}`),
    text('Targets', () => undefined),
    text('MinPods', ({ spec }) => String(spec?.minReplicas ?? 1)),
    number('MaxPods', ({ spec }) => spec?.maxReplicas),
    number('Replicas', ({ status }) => status?.currentReplicas),
    AGE,
  ],
  GatewayClass: [
    NAME,
    text('Controller', ({ spec }) => spec?.controllerName),
    text('Accepted', (object) => conditionOf(object, 'Accepted')?.status),
    AGE,
  ],
  Gateway: [
    NAME,
    text('Class', ({ spec }) => spec?.gatewayClassName),
    text('Address', ({ status }) => join(status?.addresses, (address) => address.value)),
    text('Programmed', (object) => conditionOf(object, 'Programmed')?.status),
    AGE,
  ],
  HTTPRoute: [NAME, text('Hostnames', ({ spec }) => spec?.hostnames && JSON.stringify(spec.hostnames)), AGE],
  Lease: [NAME, text('Holder', (object) => object.spec?.holderIdentity), AGE],
  CustomResourceDefinition: [NAME, text('Created At', (object) => object.metadata.creationTimestamp)],
}

export interface TableOptions {
  /** `includeObject`: what accompanies each row. */
  include: string
  /** Only the first event of a watch has the columns. */
  withColumns: boolean
  resourceVersion?: string
}

/** Objects as the server prints them for `kubectl get`. */
export function toTable(resource: ResourceType, objects: KubeObject[], options: TableOptions): object {
  const columns = (resource.schemas ? undefined : COLUMNS[resource.kind]) ?? [NAME, AGE]
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.resourceVersion === undefined ? {} : { resourceVersion: options.resourceVersion },
    columnDefinitions: options.withColumns
      ? columns.map(({ name, type, wide }) => ({
          name,
          type,
          format: name === 'Name' ? 'name' : '',
          description: '',
          priority: wide ? 1 : 0,
        }))
      : null,
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object)),
      ...(options.include === 'None' ? {} : { object: rowObject(object, options.include) }),
    })),
  }
}

function rowObject(object: KubeObject, include: string): object {
  return include === 'Object' ? object : partialMetadata(object)
}

export function partialMetadata(object: KubeObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
}

function text(name: string, value: (object: KubeObject) => unknown): Column {
  return {
    name,
    type: 'string',
    cell: (object) => {
      const found = value(object)
      return typeof found === 'string' && found !== '' ? found : '<none>'
    },
  }
}

/** `type` is the real server's, which for some numbers is `string`. */
function number(
  name: string,
  value: (object: KubeObject) => unknown,
  type: Column['type'] = 'integer',
): Column {
  return { name, type, cell: (object) => (value(object) as number | undefined) ?? 0 }
}

function count(name: string, value: (object: KubeObject) => unknown): Column {
  return number(name, (object) => Object.keys((value(object) as object | undefined) ?? {}).length)
}

function wide(column: Column): Column {
  return { ...column, wide: true }
}

function workloadColumns(): Column[] {
  const containers = (object: KubeObject) => object.spec?.template?.spec?.containers as any[] | undefined
  return [
    wide(text('Containers', (object) => join(containers(object), (container) => container.name))),
    wide(text('Images', (object) => join(containers(object), (container) => container.image))),
    wide(text('Selector', (object) => labelText(object.spec?.selector?.matchLabels))),
  ]
}

function join(items: any[] | undefined, value: (item: any) => unknown): string {
  return (items ?? []).map(value).join(',')
}

export function labelText(labels: Record<string, string> | undefined): string {
  return Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .toSorted()
    .join(',')
}

function externalAddress(service: KubeObject): string {
  const addresses = join(service.status?.loadBalancer?.ingress, (entry) => entry.ip ?? entry.hostname)
  if (addresses !== '') return addresses
  return service.spec?.type === 'LoadBalancer' ? '<pending>' : (service.spec?.externalName ?? '')
}

function servicePorts(service: KubeObject): string {
  return join(service.spec?.ports, ({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  )
}

function endpointAddresses(endpoints: KubeObject): string {
  const all = (endpoints.subsets ?? []).flatMap((subset: any) =>
    (subset.addresses ?? []).flatMap((address: any) =>
      (subset.ports ?? [{}]).map((port: any) => (port.port ? `${address.ip}:${port.port}` : address.ip)),
    ),
  ) as string[]
  return all.join(',')
}

function conditionOf(object: KubeObject, type: string): any {
  return object.status?.conditions?.find((condition: any) => condition.type === type)
}

function podReady(pod: KubeObject): string {
  const statuses = (pod.status?.containerStatuses ?? []) as { ready: boolean }[]
  return `${statuses.filter(({ ready }) => ready).length}/${pod.spec?.containers?.length ?? 0}`
}

/** `Terminating`, the reason why a container waits or ended, or the phase. */
function podStatus(pod: KubeObject): string {
  if (pod.metadata.deletionTimestamp) return 'Terminating'
  const states = (pod.status?.containerStatuses ?? []).map((status: any) => status.state) as any[]
  const reasons = states.map((state) => state?.waiting?.reason ?? state?.terminated?.reason) as string[]
  return reasons.find(Boolean) ?? pod.status?.reason ?? pod.status?.phase ?? 'Unknown'
}

function podRestarts(pod: KubeObject): string {
  const statuses = (pod.status?.containerStatuses ?? []) as { restartCount?: number }[]
  return String(statuses.reduce((sum, status) => sum + (status.restartCount ?? 0), 0))
}

/** Age in kubectl's form: `5s`, `2m10s`, `3h4m`, `2d3h`, `40d`, `2y5d`. */
function age(timestamp: string | undefined): string {
  if (!timestamp) return '<unknown>'
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(timestamp)) / 1000))
  const [minutes, hours, days] = [
    Math.floor(seconds / 60),
    Math.floor(seconds / 3600),
    Math.floor(seconds / 86400),
  ]
  const pair = (big: number, bigUnit: string, small: number, smallUnit: string) =>
    small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's')
  if (hours < 3) return `${minutes}m`
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  if (days < 8) return pair(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  return pair(Math.floor(days / 365), 'y', days % 365, 'd')
}
