import { createHash } from 'node:crypto'
import type { ReleaseChart } from '../../../src/model/release.js'
import type { Json, JsonObject } from '../../../src/model/values.js'
import { isObject } from '../../../src/rollout/values/merge.js'
import { objectName } from '../../../src/rollout/stage/version.js'

/** canary's chart, as far as the model goes: its templates are `renderObjects`. */
export const CHART: ReleaseChart = {
  metadata: { name: 'gloo-app', version: '0.1.0' },
  templates: [],
  files: [],
  values: { routes: { fingerprintHeader: 'x-canary-routes', versionHeader: 'x-canary-version' } },
}

/** Where requests go: `marked` ones where there is a canary, all others by weight. */
export interface Destinations {
  marked?: { version: string; headers: Record<string, string> }
  regular: { version: string; weight: number }[]
}

/** The chart's objects in the order in which Helm applies them: what it doesn't know comes last, by kind. */
export function renderObjects(app: string, namespace: string, values: JsonObject): JsonObject[] {
  const routes = objectIn(values.routes)
  const labels = { 'app.kubernetes.io/instance': app }
  const named = (name: string) => ({ name, namespace, labels })
  const deployments = Object.entries(objectIn(values.deployment)).map(([version, config]): JsonObject => {
    const { replicas = 1, image = 'hashicorp/http-echo', ...rest } = objectIn(config)
    const podLabels = { app, version }
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: named(objectName(app, version)),
      spec: {
        replicas,
        selector: { matchLabels: podLabels },
        template: { metadata: { labels: { ...podLabels } }, spec: { containers: [{ image, ...rest }] } },
      },
    }
  })
  return [
    { apiVersion: 'v1', kind: 'Service', metadata: named(app), spec: { selector: { app } } },
    ...deployments,
    ...(routes.enabled === false
      ? []
      : [
          {
            apiVersion: 'gateway.solo.io/v1',
            kind: 'RouteTable',
            metadata: named(`${app}-routes`),
            spec: { routes: routesOf(app, routes) },
          },
        ]),
    {
      apiVersion: 'gloo.solo.io/v1',
      kind: 'Upstream',
      metadata: named(app),
      spec: { kube: { serviceName: app, subsetSpec: objectIn(values.upstream) } },
    },
  ]
}

/** A manifest as Helm keeps it; JSON is YAML. */
export function manifestOf(objects: JsonObject[]): string {
  return objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('')
}

/** The objects of a manifest that `manifestOf` made. */
export function objectsOf(manifest: string): JsonObject[] {
  return manifest
    .split('---\n')
    .filter((text) => text.trim() !== '')
    .map((text) => JSON.parse(text) as JsonObject)
}

/** An object as Helm leaves it in the cluster: marked as its release's. */
export function markedBy(release: { name: string; namespace: string }, object: JsonObject): JsonObject {
  const { labels, annotations, ...metadata } = objectIn(object.metadata)
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...objectIn(labels), 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: {
        ...objectIn(annotations),
        'meta.helm.sh/release-name': release.name,
        'meta.helm.sh/release-namespace': release.namespace,
      },
    },
  }
}

export function nameOf({ metadata }: JsonObject): string {
  return (metadata as { name: string }).name
}

/** The version of a Deployment's pods. */
export function versionOf(object: JsonObject): string {
  const { spec } = object as { spec: { template: { metadata: { labels: { version: string } } } } }
  return spec.template.metadata.labels.version
}

/** What a RouteTable does with requests. */
export function destinationsOf(routeTable: JsonObject): Destinations {
  const { routes } = routeTable.spec as unknown as { routes: Route[] }
  const regular = routes.at(-1)
  const marked = routes.length > 1 ? routes[0] : undefined
  const { single, multi } = regular!.routeAction
  return {
    marked: marked && {
      version: marked.routeAction.single!.subset.values.version,
      headers: Object.fromEntries(marked.matchers[0]!.headers!.map(({ name, value }) => [name, value])),
    },
    regular: single
      ? [{ version: single.subset.values.version, weight: 100 }]
      : multi!.destinations.map(({ destination, weight }) => ({
          version: destination.subset.values.version,
          weight,
        })),
  }
}

/** The fingerprint that answers of a RouteTable's routes carry. */
export function fingerprintIn(routeTable: JsonObject): string {
  const { routes } = routeTable.spec as unknown as { routes: Route[] }
  return routes[0]!.options.headerManipulation.responseHeadersToAdd[0]!.header.value
}

interface Destination {
  subset: { values: { version: string } }
}

interface Route {
  matchers: { prefix: string; headers?: { name: string; value: string }[] }[]
  options: { headerManipulation: { responseHeadersToAdd: { header: { key: string; value: string } }[] } }
  routeAction: {
    single?: Destination
    multi?: { destinations: { destination: Destination; weight: number }[] }
  }
}

/** Odd values are nothing; the chart itself would refuse most of them. */
function objectIn(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {}
}

function routesOf(app: string, routes: JsonObject): Json[] {
  const { version: primary = '' } = objectIn(routes.primary) as { version?: string }
  const canary = isObject(routes.canary)
    ? (routes.canary as { version: string; weight?: number; headers?: Json })
    : undefined
  const to = (version: string): Json & Destination => ({ subset: { values: { version } } })
  const prefix = `/${app}`
  const plain: JsonObject[] = canary
    ? [
        {
          matchers: [
            {
              prefix,
              headers: Object.entries(objectIn(canary.headers)).map(([name, value]) => ({ name, value })),
            },
          ],
          routeAction: { single: to(canary.version) },
        },
        {
          matchers: [{ prefix }],
          routeAction: {
            multi: {
              destinations: [
                { destination: to(primary), weight: 100 - (canary.weight ?? 0) },
                { destination: to(canary.version), weight: canary.weight ?? 0 },
              ],
            },
          },
        },
      ]
    : [{ matchers: [{ prefix }], routeAction: { single: to(primary) } }]
  const value = createHash('sha256').update(JSON.stringify(plain)).digest('hex').slice(0, 12)
  const responseHeadersToAdd = [{ header: { key: 'x-canary-routes', value }, append: false }]
  return plain.map((route) => ({ ...route, options: { headerManipulation: { responseHeadersToAdd } } }))
}
