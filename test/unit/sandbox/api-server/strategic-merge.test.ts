import { describe, expect, it } from 'vitest'
import { strategicMerge } from '../../../../src/sandbox/api-server/patch/strategic-merge.js'

const env = (...names: string[]) => ({ env: names.map((name) => ({ name, value: name.toLowerCase() })) })

describe('strategic merge patch', () => {
  it.each<[name: string, type: string, original: object, patch: object, expected: object]>([
    ['null deletes', 'core.v1.Container', { image: 'a', name: 'c' }, { image: null }, { name: 'c' }],
    [
      'items are merged by their key, new ones are added',
      'core.v1.Container',
      env('A'),
      { env: [{ name: 'A', value: 'x' }, { name: 'B' }] },
      { env: [{ name: 'A', value: 'x' }, { name: 'B' }] },
    ],
    [
      'items only the server has stay where they are among the others',
      'core.v1.Container',
      env('A', 'B', 'C'),
      { env: [{ name: 'C', value: 'x' }] },
      { env: [...env('A', 'B').env, { name: 'C', value: 'x' }] },
    ],
    [
      'an item is deleted by its directive',
      'core.v1.Container',
      env('A', 'B'),
      { env: [{ $patch: 'delete', name: 'A' }] },
      env('B'),
    ],
    [
      'the order is set',
      'core.v1.Container',
      env('A', 'B'),
      { '$setElementOrder/env': [{ name: 'B' }, { name: 'A' }] },
      env('B', 'A'),
    ],
    [
      'a list is replaced by its directive',
      'core.v1.Container',
      env('A', 'B'),
      { env: [{ $patch: 'replace' }, { name: 'C' }] },
      { env: [{ name: 'C' }] },
    ],
    [
      'lists without a key are replaced',
      'core.v1.Container',
      { args: ['a', 'b'] },
      { args: ['c'] },
      { args: ['c'] },
    ],
    [
      'ports of a Service are merged by their number',
      'core.v1.ServiceSpec',
      { ports: [{ port: 80, name: 'a' }] },
      {
        '$setElementOrder/ports': [{ port: 81 }],
        ports: [{ port: 81 }, { $patch: 'delete', port: 80 }],
      },
      { ports: [{ port: 81 }] },
    ],
    [
      'primitive lists are sets',
      'meta.v1.ObjectMeta',
      { finalizers: ['a', 'b'] },
      { finalizers: ['c'], '$deleteFromPrimitiveList/finalizers': ['a'] },
      { finalizers: ['c', 'b'] },
    ],
    [
      'only the retained keys stay',
      'apps.v1.DeploymentStrategy',
      { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
      { $retainKeys: ['type'], type: 'Recreate' },
      { type: 'Recreate' },
    ],
    [
      'an object is replaced by its directive',
      'meta.v1.ObjectMeta',
      { labels: { a: '1' } },
      { labels: { $patch: 'replace', b: '2' } },
      { labels: { b: '2' } },
    ],
  ])('%s', (_name, type, original, patch, expected) => {
    expect(strategicMerge(original, patch, type)).toEqual(expected)
  })
})
