import { isDeepStrictEqual } from 'node:util'
import type { Json, JsonObject } from '../../model/values.js'
import { nameOf } from '../drift/drift.js'
import { valuesFromDeployment } from '../from-deployment/from-deployment.js'
import { listOf, mapOf, textOf, withoutEmpty } from '../values/json-fields.js'
import { requestPort } from '../from-deployment/service-values.js'
import { objectName } from '../stage/version.js'

/** The chart's example image: the only one without a tag that it accepts. */
const DEFAULT_IMAGE = 'hashicorp/http-echo'
const DEFAULT_PORT = 8080

/** Options of a route that the chart passes through. */
const OPTIONS = [
  'timeout',
  'retries',
  'prefixRewrite',
  'regexRewrite',
  'hostRewrite',
  'cors',
  'headerManipulation',
]

/** The routes' content, without the versions. */
export interface RouteValues {
  /** `routes.matches`; empty where it is the chart's default, `/<app>`. */
  matches: JsonObject[]
  /** `routes.options`. */
  options: JsonObject
  /** Percent of the requests that are shadowed, if any. */
  copied?: Json
  /** What the values cannot express, a sentence each. */
  odd: string[]
}

/** The configuration with which the bundled chart makes a Deployment's pods again: `{}` for its default ones. */
export function versionValues(
  app: string,
  version: string,
  objects: JsonObject[],
): { config: JsonObject; leftOut: string[] } {
  const deployment = deploymentOf(app, version, objects)
  if (!deployment) return { config: {}, leftOut: [] }
  const service = findService(app, objects)
  // These values are already in the release's record, secrets included.
  const read = valuesFromDeployment({ app, deployment, service, withSecrets: true })
  const { image, port, ports, podSecurity, replicas, args, ...rest } = read.app
  const container = listOf(mapOf(mapOf(mapOf(deployment.spec).template).spec).containers)[0] ?? {}
  const isDefaultImage = container.image === DEFAULT_IMAGE
  const { pullPolicy } = mapOf(image)
  const words = [`-text=version:${app}-${version}`, `-listen=:${textOf(port)}`]
  const named = listOf(container.ports).some(({ name }) => name !== undefined)
  const config = withoutEmpty({
    ...(isDefaultImage
      ? { imagePullPolicy: pullPolicy === 'Always' ? undefined : pullPolicy }
      : { image, podSecurity }),
    args: isDefaultImage && isDeepStrictEqual(args, words) ? undefined : args,
    port: port === DEFAULT_PORT && !named ? undefined : port,
    ports,
    replicas: replicas === 1 ? undefined : replicas,
    ...rest,
  })
  // The chart sets these names and labels exactly as the seed's charts do.
  const same = new Set(['labels version', `containers ${objectName(app, version)}: name`])
  const leftOut = read.leftOut.filter(
    ({ field }) => !same.has(field) && !field.startsWith('metadata.') && !field.startsWith('Service: '),
  )
  return { config, leftOut: leftOut.map(({ field, reason }) => `${field}: ${reason}`) }
}

/** `service:` of the values. */
export function serviceOfSeed(app: string, versions: string[], objects: JsonObject[]): JsonObject {
  const service = findService(app, objects)
  const deployment = versions
    .map((version) => deploymentOf(app, version, objects))
    .find((one) => one !== undefined)
  if (!service || !deployment) return {}
  const { service: values } = valuesFromDeployment({ app, deployment, service, withSecrets: true })
  const port = requestPort(service)
  return withoutEmpty({ ...values, targetPort: port === DEFAULT_PORT ? undefined : numeric(port) })
}

/** `upstream:` of the values. */
export function upstreamOfSeed(app: string, objects: JsonObject[]): JsonObject {
  const { fallbackPolicy } = mapOf(mapOf(kubeOf(app, objects)).subsetSpec)
  return withoutEmpty({ fallbackPolicy })
}

/** The port that the Upstream names, if the Service does not have it: current Gloo then fails its requests. */
export function differingServicePort(
  app: string,
  objects: JsonObject[],
): { named: Json; port: Json } | undefined {
  const { servicePort } = kubeOf(app, objects)
  const ports = listOf(mapOf(findService(app, objects)?.spec).ports).map(({ port }) => port)
  const [port] = ports
  if (servicePort === undefined || port === undefined || ports.includes(servicePort)) return undefined
  return { named: servicePort, port }
}

/** The label of the RouteTable by which a VirtualService selects it. */
export function apiGroupOfSeed(app: string, objects: JsonObject[]): Json | undefined {
  const routeTable = find(objects, 'RouteTable', `${app}-routes`)
  return mapOf(mapOf(routeTable?.metadata).labels).apiGroup
}

/** The matches of the app's routes, and their options; `canaryHeaders` identify the routes to the canary. */
export function routesOfSeed(app: string, canaryHeaders: JsonObject, objects: JsonObject[]): RouteValues {
  const routeTable = find(objects, 'RouteTable', `${app}-routes`)
  if (!routeTable) return { matches: [], options: {}, odd: [`there is no RouteTable ${app}-routes`] }
  const odd: string[] = []
  const matches: JsonObject[] = []
  const optionsOfEach: JsonObject[] = []
  let copied: Json | undefined
  for (const [index, route] of listOf(mapOf(routeTable.spec).routes).entries()) {
    const place = `RouteTable ${app}-routes: routes[${index}]`
    const { matchers, routeAction: _action, options, ...others } = route
    for (const key of Object.keys(others)) odd.push(`${place}.${key}: the chart has no value for it`)
    const own = listOf(matchers).filter((matcher) => !isMarked(matcher, canaryHeaders))
    const { shadowing, ...plain } = mapOf(options)
    optionsOfEach.push(plain)
    copied ??= mapOf(shadowing).percentage
    for (const matcher of own) {
      const match = matchOf(matcher, place, odd)
      if (!matches.some((other) => isDeepStrictEqual(other, match))) matches.push(match)
    }
  }
  const options = optionsOfEach[0] ?? {}
  if (optionsOfEach.some((other) => !isDeepStrictEqual(other, options))) {
    odd.push(
      `RouteTable ${app}-routes: its routes have different options; the chart gives all of them the same`,
    )
  }
  for (const key of Object.keys(options).filter((name) => !OPTIONS.includes(name))) {
    odd.push(`RouteTable ${app}-routes: options.${key}: the chart has no value for it`)
  }
  const isDefault = matches.length === 1 && isDeepStrictEqual(matches[0], { prefix: `/${app}` })
  return { matches: isDefault ? [] : matches, options, copied, odd }
}

function isMarked(matcher: JsonObject, canaryHeaders: JsonObject): boolean {
  const wanted = Object.entries(canaryHeaders)
  const headers = listOf(matcher.headers)
  return (
    wanted.length > 0 &&
    wanted.every(([name, value]) => headers.some((header) => header.name === name && header.value === value))
  )
}

function matchOf(matcher: JsonObject, place: string, odd: string[]): JsonObject {
  const { prefix, exact, regex, methods, headers, queryParameters, ...others } = matcher
  for (const key of Object.keys(others)) odd.push(`${place}.matchers.${key}: the chart has no value for it`)
  const plainHeaders = listOf(headers).map(({ name, value, ...more }) => {
    if (Object.keys(more).length > 0 || value === undefined) {
      odd.push(`${place}: header ${textOf(name)} is not matched by its plain value`)
    }
    return [textOf(name), value ?? null] as const
  })
  const query = listOf(queryParameters).map(
    ({ name, value, regex: isRegex }) =>
      [textOf(name), isRegex === true ? { regex: value ?? '' } : (value ?? null)] as const,
  )
  return withoutEmpty({
    prefix,
    exact,
    regex,
    methods,
    query: Object.fromEntries(query),
    headers: Object.fromEntries(plainHeaders),
  })
}

function kubeOf(app: string, objects: JsonObject[]): JsonObject {
  return mapOf(mapOf(find(objects, 'Upstream', app)?.spec).kube)
}

/** A version's Deployment, by its pods' labels: its name may differ from the bundled chart's. */
export function deploymentOf(app: string, version: string, objects: JsonObject[]): JsonObject | undefined {
  return objects.find((object) => {
    const labels = mapOf(mapOf(mapOf(mapOf(object.spec).template).metadata).labels)
    return object.kind === 'Deployment' && labels.app === app && labels.version === version
  })
}

function find(objects: JsonObject[], kind: string, name: string): JsonObject | undefined {
  return objects.find((object) => object.kind === kind && nameOf(object) === name)
}

/** The app's Service, or that of one of its versions. One without ports, which the API server allows if it is headless, counts as none. */
function findService(app: string, objects: JsonObject[]): JsonObject | undefined {
  const isOfVersion = ({ kind, spec }: JsonObject) =>
    kind === 'Service' && mapOf(mapOf(spec).selector).app === app
  const service = find(objects, 'Service', app) ?? objects.find(isOfVersion)
  return listOf(mapOf(service?.spec).ports).length > 0 ? service : undefined
}

function numeric(port: Json | undefined): number | undefined {
  return typeof port === 'number' ? port : undefined
}
