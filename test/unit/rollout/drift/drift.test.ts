import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { describeDifference, type LiveObject } from '../../../../src/model/results/drift.js'
import type { JsonObject } from '../../../../src/model/values.js'
import { parseManifest } from '../../../../src/operations/observe/manifest.js'
import { autoscaledOf, driftOf } from '../../../../src/rollout/drift/drift.js'

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')

/** What Helm 4 applied of the header stage, and the same objects as the API server answers them, defaults filled in. */
const manifest = parseManifest(fixture('manifest.yaml')).filter(
  ({ metadata }) => (metadata as JsonObject).name !== 'echo-v2',
)

function live(): (LiveObject & { object: any })[] {
  return (JSON.parse(fixture('live-objects.json')) as any[]).map((object) => ({
    apiVersion: object.apiVersion,
    kind: object.kind,
    name: object.metadata.name,
    object,
  }))
}

/** The live objects after somebody changed one of them. */
function changed(kind: string, change: (object: any) => void): LiveObject[] {
  const objects = live()
  change(objects.find((entry) => entry.kind === kind)?.object)
  return objects
}

function lines(objects: LiveObject[], wanted = manifest): string[] {
  return driftOf(wanted, objects).map((difference) => describeDifference(difference))
}

function written(object: any, manager: string, fieldsV1: object, more: object = {}): void {
  object.metadata.managedFields.push({
    manager,
    operation: 'Update',
    time: '2026-11-23T10:20:00Z',
    fieldsV1,
    ...more,
  })
}

const container = (object: any) => object.spec.template.spec.containers[0]
const weights = (object: any) => object.spec.routes[1].routeAction.multi.destinations

test('objects as they were applied: defaults and what the cluster adds are no differences', () => {
  expect(driftOf(manifest, live())).toEqual([])
})

describe('changes, a line each', () => {
  const cases: [what: string, kind: string, change: (object: any) => void, lines: string[]][] = [
    [
      'scaled',
      'Deployment',
      (o) => (o.spec.replicas = 3),
      ['Deployment echo-v1: spec.replicas is 3, deployed was 1'],
    ],
    [
      'another image',
      'Deployment',
      (o) => (container(o).image = 'nginx'),
      [
        'Deployment echo-v1: spec.template.spec.containers[echo-v1].image is "nginx", deployed was "hashicorp/http-echo"',
      ],
    ],
    [
      'another argument more',
      'Deployment',
      (o) => container(o).args.push('-status-code=500'),
      ['Deployment echo-v1: spec.template.spec.containers[echo-v1].args has 3 entries, deployed were 2'],
    ],
    [
      'another port in place of ours',
      'Deployment',
      (o) => (container(o).ports[0].containerPort = 9090),
      [
        'Deployment echo-v1: spec.template.spec.containers[echo-v1].ports[8080] is not there, deployed was {"containerPort":8080}',
      ],
    ],
    ['a variable more', 'Deployment', (o) => (container(o).env = [{ name: 'A', value: 'b' }]), []],
    [
      'a container more',
      'Deployment',
      (o) => o.spec.template.spec.containers.unshift({ name: 'sidecar' }),
      [],
    ],
    [
      'an annotation and a label more',
      'Deployment',
      (o) => ((o.metadata.annotations.note = 'x'), (o.metadata.labels.team = 'x')),
      [],
    ],
    ['a restart', 'Deployment', (o) => (o.spec.template.metadata.annotations = { restartedAt: 'now' }), []],
    [
      'another target port',
      'Service',
      (o) => (o.spec.ports[0].targetPort = 9090),
      ['Service echo: spec.ports[80].targetPort is 9090, deployed was 8080'],
    ],
    ['a target port as text', 'Service', (o) => (o.spec.ports[0].targetPort = '8080'), []],
    [
      'another selector',
      'Service',
      (o) => (o.spec.selector = { app: 'other' }),
      ['Service echo: spec.selector.app is "other", deployed was "echo"'],
    ],
    [
      'a label taken away',
      'RouteTable',
      (o) => delete o.metadata.labels.apiGroup,
      ['RouteTable echo-routes: metadata.labels.apiGroup is not there, deployed was "example"'],
    ],
    [
      'other weights',
      'RouteTable',
      (o) => ((weights(o)[0].weight = 90), (weights(o)[1].weight = 10)),
      [
        'RouteTable echo-routes: spec.routes[1].routeAction.multi.destinations[0].weight is 90, deployed was 100',
        'RouteTable echo-routes: spec.routes[1].routeAction.multi.destinations[1].weight is 10, deployed was 0',
      ],
    ],
    ['a weight of 0 left out', 'RouteTable', (o) => delete weights(o)[1].weight, []],
    [
      'a route at the end',
      'RouteTable',
      (o) => o.spec.routes.push({ matchers: [{ prefix: '/' }] }),
      ['RouteTable echo-routes: spec.routes has 3 entries, deployed were 2'],
    ],
    [
      'no spec at all',
      'Upstream',
      (o) => delete o.spec.kube,
      [
        'Upstream echo: spec.kube.selector.app is not there, deployed was "echo"',
        'Upstream echo: spec.kube.serviceName is not there, deployed was "echo"',
        'Upstream echo: spec.kube.serviceNamespace is not there, deployed was "echo"',
        'Upstream echo: spec.kube.servicePort is not there, deployed was 80',
        'Upstream echo: spec.kube.subsetSpec.selectors is not there, deployed was [{"keys":["version"]}]',
      ],
    ],
    [
      'a deletion that waits',
      'Deployment',
      (o) => (o.metadata.deletionTimestamp = '2026-11-23T10:00:00Z'),
      ['Deployment echo-v1 is gone: somebody deleted it'],
    ],
  ]
  test.each(cases)('%s', (_, kind, change, expected) => {
    expect(lines(changed(kind, change))).toEqual(expected)
  })

  test('an object that is gone, and one that could not be read', () => {
    const [service, ...others] = live()
    expect(lines([{ ...service!, object: undefined }, ...others])).toEqual([
      'Service echo is gone: somebody deleted it',
    ])
    expect(lines(others)).toEqual([])
  })

  test('quantities are the same however they are written', () => {
    const resources = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: 0.1, memory: '100M' } }
    const [wanted] = structuredClone(manifest.filter(({ kind }) => kind === 'Deployment'))
    container(wanted).resources = resources
    const same = { limits: { cpu: '1000m', memory: '1024Mi' }, requests: { cpu: '100m', memory: '100000k' } }
    expect(
      lines(
        changed('Deployment', (o) => (container(o).resources = same)),
        [wanted!],
      ),
    ).toEqual([])
    const other = { ...same, limits: { cpu: '2', memory: '1Gi' } }
    expect(
      lines(
        changed('Deployment', (o) => (container(o).resources = other)),
        [wanted!],
      ),
    ).toEqual([
      'Deployment echo-v1: spec.template.spec.containers[echo-v1].resources.limits.cpu is "2", deployed was "1"',
    ])
  })

  test('secrets are not shown', () => {
    const [wanted] = structuredClone(manifest.filter(({ kind }) => kind === 'Deployment'))
    container(wanted).env = [{ name: 'DB_PASSWORD', value: 'hunter2' }]
    const objects = changed(
      'Deployment',
      (o) => (container(o).env = [{ name: 'DB_PASSWORD', value: 'hunter3' }]),
    )
    expect(JSON.stringify(driftOf([wanted!], objects))).toMatch(/DB_PASSWORD.*\*\*\*/)
    expect(JSON.stringify(driftOf([wanted!], objects))).not.toContain('hunter')
  })
})

describe('who did it', () => {
  const helm = { 'f:spec': { 'f:routes': {} } }
  const cases: [what: string, change: (object: any) => void, by: object | undefined][] = [
    ['nobody but Helm is known', () => {}, undefined],
    [
      'the manager that owns the list the field is in',
      (o) => written(o, 'kubectl-edit', helm),
      { manager: 'kubectl-edit', at: '2026-11-23T10:20:00Z' },
    ],
    [
      'the last of several',
      (o) => (
        written(o, 'kubectl-patch', helm),
        written(o, 'kubectl-edit', helm, { time: '2026-11-23T10:30:00Z' })
      ),
      { manager: 'kubectl-edit', at: '2026-11-23T10:30:00Z' },
    ],
    [
      'any other manager of the object, where none owns the field',
      (o) => written(o, 'kubectl-label', { 'f:metadata': { 'f:labels': { 'f:team': {} } } }),
      { manager: 'kubectl-label', at: '2026-11-23T10:20:00Z' },
    ],
    [
      'not a controller that reports a status',
      (o) => written(o, 'gloo', { 'f:status': { 'f:statuses': {} } }),
      undefined,
    ],
  ]
  test.each(cases)('%s', (_, change, by) => {
    const objects = changed('RouteTable', (object) => {
      weights(object)[0].weight = 90
      change(object)
    })
    expect(driftOf(manifest, objects)[0]?.by).toEqual(by)
  })

  test('a field of a container, and replicas by their own way', () => {
    const key = 'k:{"name":"echo-v1"}'
    const objects = changed('Deployment', (object) => {
      object.spec.replicas = 3
      container(object).image = 'nginx'
      written(object, 'kubectl-set', {
        'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { [key]: { 'f:image': {} } } } } },
      })
      written(object, 'kubectl', { 'f:spec': { 'f:replicas': {} } }, { subresource: 'scale' })
    })
    const drift = driftOf(manifest, objects)
    expect(drift.map(({ path, by }) => [path, by?.manager])).toEqual([
      ['spec.replicas', 'kubectl'],
      ['spec.template.spec.containers[echo-v1].image', 'kubectl-set'],
    ])
    expect(describeDifference(drift[0]!, () => '3 min ago')).toBe(
      'Deployment echo-v1: spec.replicas is 3, deployed was 1 (kubectl, 3 min ago)',
    )
  })
})

describe('replicas under an autoscaler', () => {
  const autoscaler = { name: 'echo', deployment: 'echo-v1', min: 2, max: 10 }

  test('are no difference, but told', () => {
    const objects = changed('Deployment', (object) => (object.spec.replicas = 7))
    expect(driftOf(manifest, objects, new Set(['echo-v1']))).toEqual([])
    expect(autoscaledOf(manifest, objects, [autoscaler])).toEqual([{ ...autoscaler, wanted: 1, found: 7 }])
  })

  test('are not told while they are as deployed, nor those of others', () => {
    expect(autoscaledOf(manifest, live(), [autoscaler, { ...autoscaler, deployment: 'foxtrot-v1' }])).toEqual(
      [],
    )
  })
})
