import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Json } from '../../../../src/model/values.js'
import { type Source, sourceOfManifest } from '../../../../src/operations/init/manifest-source.js'
import { valuesFromDeployment } from '../../../../src/rollout/from-deployment/from-deployment.js'
import { isObject } from '../../../../src/rollout/values/merge.js'

/** What tools and the API server keep for themselves, how objects find each other, and who a pod's owner is. */
const BOOKKEEPING = [
  /^\w+\.(apiVersion|kind|status)\b/,
  /^\w+\.metadata\.(name|namespace|uid|resourceVersion|generation|creationTimestamp|managedFields)\b/,
  /^\w+\.metadata\.annotations\.(kubectl|deployment)\.kubernetes\.io\//,
  /^deployment\.spec\.template\.metadata\.(creationTimestamp|name|labels\.pod-template-hash|labels\.version)\b/,
  /^deployment\.spec\.template\.metadata\.annotations\.kubectl\.kubernetes\.io\//,
  /^(deployment|service|budget)\.spec\.selector\b/,
  /^autoscaler\.spec\.scaleTargetRef\b/,
  // Kubernetes reads the old field only where the new one is missing.
  /^deployment\.spec\.template\.spec\.serviceAccount$/,
]
/** Parts of a place that do not tell one field from others. */
const GENERAL = new Set(
  'deployment service autoscaler budget spec template metadata containers ports name port labels annotations'.split(
    ' ',
  ),
)

type Objects = Pick<Source, 'deployment' | 'service' | 'autoscaler' | 'budget'>

const fixtures = new URL('fixtures/deployments/', import.meta.url)
const services = new URL('../../../chart/fixtures/services/', import.meta.url)
const sources = [
  ...readdirSync(fixtures)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => [file, new URL(file, fixtures)] as const),
  ...readdirSync(services)
    .filter((file) => file.endsWith('.expected.yaml'))
    .map((file) => [file, new URL(file, services)] as const),
]

test.each(sources)('%s: every field is used, or listed as not taken over', (file, url) => {
  const text = readFileSync(url, 'utf8')
  const name = /^kind: Deployment\nmetadata:\n(?: {2}.*\n)*? {2}name: "?([^"\n]+)/m.exec(text)?.[1]
  const { deployment, service, autoscaler, budget } = sourceOfManifest(
    text,
    file,
    file.endsWith('.expected.yaml') ? name : undefined,
    'odds',
  )
  const objects: Objects = { deployment, service, autoscaler, budget }
  const before = outcome(objects)
  const listed = JSON.parse(before).leftOut.map(({ field }: { field: string }) => field.toLowerCase())
  const isListed = (place: string[]) =>
    place.some(
      (part) => !GENERAL.has(part) && listed.some((field: string) => names(field, part.toLowerCase())),
    )
  const lost: string[] = []
  for (const [place, change] of changesOf(objects)) {
    const path = place.join('.')
    if (BOOKKEEPING.some((pattern) => pattern.test(path)) || isListed(place)) continue
    // The autoscaler sets the number of pods; a port for UDP is listed as a whole.
    if (autoscaler && path === 'deployment.spec.replicas') continue
    if (file === 'odd.yaml' && /^service\.spec\.ports\.0\./.test(path)) continue
    if (outcome(change() as Objects) === before) lost.push(path)
  }
  expect(lost).toEqual([])
})

function outcome(objects: Objects): string {
  return JSON.stringify(valuesFromDeployment({ app: 'app', ...objects, withSecrets: true }))
}

function names(field: string, part: string): boolean {
  return field.split(/[ :/]+|\.(?=\w+$)/).includes(part) || field.endsWith(` ${part}`)
}

/** Every way to change one field: another value in each leaf, and one field more in each map. */
function* changesOf(
  node: Json,
  place: string[] = [],
  rebuild: (value: Json) => Json = (value) => value,
): Generator<[place: string[], change: () => Json]> {
  if (Array.isArray(node)) {
    for (const [index, item] of node.entries()) {
      yield* changesOf(item, [...place, String(index)], (value) => rebuild(node.with(index, value)))
    }
  } else if (isObject(node)) {
    if (place.length > 0) yield [[...place, 'xMore'], () => rebuild({ ...node, xMore: 'more' })]
    for (const [key, value] of Object.entries(node)) {
      if (value === undefined) continue
      yield* changesOf(value, [...place, key], (changed) => rebuild({ ...node, [key]: changed }))
    }
  } else {
    yield [place, () => rebuild(changed(node))]
  }
}

function changed(value: Json): Json {
  if (typeof value === 'number') return value + 1
  if (typeof value === 'boolean') return !value
  return typeof value === 'string' ? `${value}x` : 'x'
}
