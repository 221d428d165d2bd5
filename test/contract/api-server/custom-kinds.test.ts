import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GarbageCollector } from '../../../src/sandbox/controllers/garbage.js'
import { servedKinds } from '../../../src/sandbox/api-server/custom-kinds/served-kinds.js'
import { ObjectStore } from '../../../src/sandbox/api-server/store.js'
import { startCluster, type TestCluster } from './cluster.js'

const WIDGETS = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.shop.example.com' },
  spec: {
    group: 'shop.example.com',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets', shortNames: ['wd'] },
    versions: [version('v1beta1', false), version('v1', true)],
  },
}

function version(name: string, storage: boolean) {
  const part = {
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string' }, count: { type: 'integer', minimum: 1, default: 1 } },
  }
  const spec = {
    type: 'object',
    required: ['colour'],
    properties: {
      colour: { type: 'string', enum: ['red', 'blue'] },
      size: { type: 'string', pattern: '^[0-9]+cm$', default: '3cm' },
      tags: { type: 'array', items: { type: 'string' } },
      extra: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      parts: {
        type: 'array',
        items: part,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      },
    },
  }
  const status = { type: 'object', properties: { painted: { type: 'boolean' } } }
  return {
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: { type: 'object', properties: { spec, status } } },
    subresources: { status: {} },
  }
}

function widget(spec: object, name = 'one') {
  return { apiVersion: 'shop.example.com/v1', kind: 'Widget', metadata: { name }, spec }
}

describe('kinds of an applied CustomResourceDefinition', () => {
  let store: ObjectStore
  let cluster: TestCluster
  let garbage: GarbageCollector

  beforeEach(async () => {
    store = new ObjectStore()
    garbage = new GarbageCollector(store)
    cluster = await startCluster(4, { store, resources: () => servedKinds(store) })
    expect(await apply(WIDGETS)).toMatchObject({ code: 0 })
    await kubectl('wait', '--for=condition=Established', 'crd/widgets.shop.example.com', '--timeout=30s')
  })
  afterEach(async () => {
    garbage.close()
    await cluster.close()
  })

  const kubectl = (...args: string[]) => cluster.ok('kubectl', args)
  const apply = (object: object, ...args: string[]) =>
    cluster.run('kubectl', ['apply', '-f', '-', ...args], JSON.stringify(object))
  const read = async (name = 'one', resource = 'widgets') =>
    JSON.parse(await kubectl('get', resource, name, '-o', 'json'))

  it('are discovered, with their short names and versions', async () => {
    expect(await kubectl('api-resources', '--api-group=shop.example.com', '--no-headers')).toMatch(
      /^widgets\s+wd\s+shop\.example\.com\/v1\s+true\s+Widget$/m,
    )
    await apply(widget({ colour: 'red' }))
    expect(await read('one', 'widgets.v1beta1.shop.example.com')).toMatchObject({
      apiVersion: 'shop.example.com/v1beta1',
    })
    expect(await kubectl('get', 'wd')).toMatch(/^NAME +AGE\none /)
  })

  it('have the defaults, unknown fields are dropped, and empty lists stay', async () => {
    const { stderr, code } = await apply(
      widget({ colour: 'red', tags: [], extra: { any: { thing: 1 } }, parts: [{ name: 'a' }], wheels: 4 }),
      '--validate=warn',
    )
    expect({ stderr, code }).toMatchObject({ code: 0, stderr: expect.stringContaining('spec.wheels') })
    expect((await read()).spec).toEqual({
      colour: 'red',
      size: '3cm',
      tags: [],
      extra: { any: { thing: 1 } },
      parts: [{ name: 'a', count: 1 }],
    })
  })

  it.each([
    ['a missing field', {}, 'spec.colour: Required value'],
    ['another choice', { colour: 'green' }, 'spec.colour: Unsupported value: "green"'],
    ['a pattern', { colour: 'red', size: 'big' }, "spec.size in body should match '^[0-9]+cm$'"],
    ['a type', { colour: 'red', tags: 'a' }, 'spec.tags in body must be of type array'],
    ['a bound', { colour: 'red', parts: [{ name: 'a', count: 0 }] }, 'should be greater than or equal to 1'],
  ])('refuse %s', async (_what, spec, message) => {
    const { code, stderr } = await apply(widget(spec))
    expect(code).toBe(1)
    expect(stderr).toContain(message)
  })

  it('count generations by the spec alone, and take status by its subresource alone', async () => {
    await apply({ ...widget({ colour: 'red' }), status: { painted: true } })
    expect(await read()).not.toHaveProperty('status')
    await kubectl(
      'patch',
      'widget/one',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"painted":true}}',
    )
    expect(await read()).toMatchObject({ metadata: { generation: 1 }, status: { painted: true } })
    await kubectl('patch', 'widget/one', '--type=merge', '-p', '{"spec":{"colour":"blue"}}')
    expect(await read()).toMatchObject({ metadata: { generation: 2 }, status: { painted: true } })
  })

  it('merge lists by their keys in a server-side apply of two managers', async () => {
    const part = (name: string) => widget({ colour: 'red', parts: [{ name }] })
    await apply(part('a'), '--server-side', '--field-manager=a')
    expect(await apply(part('b'), '--server-side', '--field-manager=b')).toMatchObject({ code: 0 })
    expect((await read()).spec.parts).toEqual([
      { name: 'a', count: 1 },
      { name: 'b', count: 1 },
    ])
    const { stderr } = await apply(widget({ colour: 'blue' }), '--server-side', '--field-manager=c')
    expect(stderr).toContain('conflicts with "a"')
  })

  it('are watched', async () => {
    const watch = fetch(
      `${cluster.url}/apis/shop.example.com/v1/widgets?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=60`,
    )
    const { body } = await watch
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader()
    const lines: string[] = []
    const seen = async (count: number) => {
      while (lines.length < count) {
        const { value = '' } = await reader.read()
        lines.push(...value.split('\n').filter((line) => line !== ''))
      }
      return lines.map((line) => JSON.parse(line) as { type: string; object: any })
    }
    expect((await seen(1))[0]).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'Widget', apiVersion: 'shop.example.com/v1' },
    })
    await apply(widget({ colour: 'red' }))
    await kubectl('delete', 'widget', 'one')
    expect((await seen(3)).slice(1).map(({ type }) => type)).toEqual(['ADDED', 'DELETED'])
    await reader.cancel()
  })

  it('go with their definition', async () => {
    await apply(widget({ colour: 'red' }))
    await kubectl('delete', 'crd', 'widgets.shop.example.com')
    expect((await cluster.run('kubectl', ['get', 'widgets'])).stderr).toContain(
      'the server could not find the requested resource',
    )
    await apply(WIDGETS)
    await expect.poll(() => kubectl('get', 'widgets', '-o', 'name')).toBe('')
  })

  it('need a definition that can be served', async () => {
    const { spec } = WIDGETS
    const refused = await apply({ ...WIDGETS, metadata: { name: 'things.shop.example.com' }, spec })
    expect(refused.stderr).toContain('must be spec.names.plural+"."+spec.group')
    const bare = [{ name: 'v1', served: true, storage: true }]
    const { stderr } = await apply(
      { ...WIDGETS, spec: { ...spec, versions: bare } },
      '--server-side',
      '--force-conflicts',
    )
    expect(stderr).toContain('spec.versions[0].schema.openAPIV3Schema: Required value')
  })
})
