/**
 * What every rendered object may be right about and still not work together: names that nothing bears. Takes objects by
 * `kind/name`; gives a line for each reference that leads nowhere.
 */
export function looseEndsOf(objects: Record<string, any>): string[] {
  const all = Object.values(objects)
  const ofKind = (kind: string) => all.filter((object) => object.kind === kind)
  return [
    ...ofKind('Deployment').flatMap((deployment) => podEnds(deployment, objects)),
    ...ofKind('Service').flatMap((service) => serviceEnds(service, ofKind('Deployment'))),
    ...ofKind('Upstream').flatMap((upstream) => upstreamEnds(upstream, objects)),
    ...ofKind('RouteTable').flatMap((table) => routeEnds(table, objects)),
    ...ofKind('HTTPRoute').flatMap((route) => backendEnds(route, objects)),
    ...ofKind('BackendTLSPolicy').flatMap((policy) => targetEnds(policy, objects)),
    ...ofKind('VirtualService').flatMap((virtualService) => delegationEnds(virtualService, objects)),
    ...ofKind('HorizontalPodAutoscaler').flatMap(({ metadata, spec }) => {
      const { kind, name } = spec.scaleTargetRef
      return objects[`${kind}/${name}`] ? [] : [`${metadata.name} scales no object: ${kind}/${name}`]
    }),
    ...ofKind('PodDisruptionBudget').flatMap(({ metadata, spec }) =>
      ofKind('Deployment').some((deployment) => selects(spec.selector.matchLabels, labelsOf(deployment)))
        ? []
        : [`PodDisruptionBudget ${metadata.name} selects no pods`],
    ),
  ]
}

function podEnds({ metadata, spec }: any, objects: Record<string, any>): string[] {
  const place = `Deployment ${metadata.name}`
  const pod = spec.template.spec
  const volumes = (pod.volumes ?? []) as any[]
  const known = new Set(volumes.map(({ name }) => name))
  const ends: string[] = []
  if (!selects(spec.selector.matchLabels, labelsOf({ spec })))
    ends.push(`${place}: the selector takes other pods`)
  for (const name of known)
    if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name))
      ends.push(`${place}: ${name} can be the name of no volume`)
  if (known.size < volumes.length) ends.push(`${place}: two volumes of one name`)
  for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
    for (const { name } of container.volumeMounts ?? [])
      if (!known.has(name)) ends.push(`${place}: ${container.name} mounts ${name}, which is no volume`)
    for (const { name, valueFrom } of container.env ?? []) {
      const { name: map, key } = valueFrom?.configMapKeyRef ?? {}
      const data = objects[`ConfigMap/${map}`]?.data
      if (map === metadata.name && !(key in (data ?? {})))
        ends.push(`${place}: ${name} is from ${map}.${key}, which is not there`)
    }
    const ports = new Set((container.ports ?? []).flatMap((port: any) => [port.name, port.containerPort]))
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      const { httpGet, tcpSocket, grpc } = container[probe] ?? {}
      const port = (httpGet ?? tcpSocket ?? grpc)?.port
      if (port !== undefined && !ports.has(port))
        ends.push(`${place}: ${probe} asks port ${port}, which is none`)
    }
  }
  for (const { name, configMap } of volumes) {
    if (!configMap || configMap.name !== metadata.name) continue
    for (const { key } of configMap.items ?? [])
      if (!(key in (objects[`ConfigMap/${configMap.name}`]?.data ?? {})))
        ends.push(`${place}: the volume ${name} has no file ${key}`)
  }
  return ends
}

/** Every version's pods have to listen where the Service sends requests to. */
function serviceEnds({ metadata, spec }: any, deployments: any[]): string[] {
  return deployments
    .filter((deployment) => selects(spec.selector, labelsOf(deployment)))
    .filter(({ spec: { template } }) => {
      const ports = template.spec.containers[0].ports as any[]
      return !ports.some(({ containerPort }) => containerPort === spec.ports[0].targetPort)
    })
    .map((deployment) => `Service ${metadata.name}: ${deployment.metadata.name} does not listen`)
}

function upstreamEnds({ metadata, spec }: any, objects: Record<string, any>): string[] {
  const service = objects[`Service/${spec.kube.serviceName}`]
  const ports = ((service?.spec.ports ?? []) as any[]).map(({ port }) => port)
  return ports.includes(spec.kube.servicePort)
    ? []
    : [`Upstream ${metadata.name}: the Service has no port ${spec.kube.servicePort}`]
}

function routeEnds({ metadata, spec }: any, objects: Record<string, any>): string[] {
  const destinations = (spec.routes as any[]).flatMap(({ routeAction: { single, multi } }) =>
    single ? [single] : multi.destinations.map(({ destination }: any) => destination),
  )
  const shadows = (spec.routes as any[]).flatMap(({ options }) => options?.shadowing ?? [])
  const ends = [...destinations, ...shadows]
    .filter(({ upstream }) => !objects[`Upstream/${upstream.name}`])
    .map(({ upstream }) => `RouteTable ${metadata.name}: no Upstream ${upstream.name}`)
  const versions = destinations
    .map(({ subset }) => subset.values.version)
    .filter((version) => !objects[`Deployment/${metadata.namespace}-${version}`])
    .map((version) => `RouteTable ${metadata.name}: no Deployment of version ${version}`)
  return [...ends, ...versions]
}

/** Every backendRef and mirror: its Service, the port, and the grant where the route is in another namespace. */
function backendEnds({ metadata, spec }: any, objects: Record<string, any>): string[] {
  const place = `HTTPRoute ${metadata.name}`
  const refs = (spec.rules as any[]).flatMap(({ backendRefs, filters = [] }) => [
    ...backendRefs,
    ...filters.flatMap(({ requestMirror }: any) => requestMirror?.backendRef ?? []),
  ])
  return refs.flatMap(({ name, namespace = metadata.namespace, port }) => {
    const service = objects[`Service/${name}`]
    if (service?.metadata.namespace !== namespace) return [`${place}: no Service ${namespace}/${name}`]
    if (!service.spec.ports.some((known: any) => known.port === port))
      return [`${place}: ${name} has no port ${port}`]
    const grant = objects[`ReferenceGrant/${metadata.name}`]?.spec
    const isGranted =
      grant?.from[0].namespace === metadata.namespace && grant.to.some((to: any) => to.name === name)
    return namespace === metadata.namespace || isGranted ? [] : [`${place}: no grant for ${name}`]
  })
}

function targetEnds({ metadata, spec }: any, objects: Record<string, any>): string[] {
  return (spec.targetRefs as any[])
    .filter(({ kind, name, sectionName }) => {
      const ports = (objects[`${kind}/${name}`]?.spec.ports ?? []) as any[]
      return !ports.some((port) => port.name === sectionName)
    })
    .map(({ name }) => `BackendTLSPolicy ${metadata.name}: no port of ${name}`)
}

function delegationEnds({ metadata, spec }: any, objects: Record<string, any>): string[] {
  return (spec.virtualHost.routes as any[])
    .filter(({ delegateAction }) => !objects[`RouteTable/${delegateAction.ref.name}`])
    .map(({ delegateAction }) => `VirtualService ${metadata.name}: no RouteTable ${delegateAction.ref.name}`)
}

function labelsOf({ spec }: any): Record<string, string> {
  return spec.template.metadata.labels
}

function selects(selector: Record<string, string>, labels: Record<string, string>): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value)
}
