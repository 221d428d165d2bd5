import { describe, expect, test } from 'vitest'
import { parseManifest } from '../../../../src/operations/observe/manifest.js'

const service = (name: string) =>
  `---\n# Source: x\napiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}\n`

test('the objects of a manifest, empty documents left out', () => {
  const names = parseManifest(`${service('a')}---\n\n--- # nothing\n${service('b')}`).map(
    ({ metadata }: any) => metadata.name,
  )
  expect(names).toEqual(['a', 'b'])
})

test('merges are what they are to Helm', () => {
  const text = 'kind: Service\nmetadata: {<<: {namespace: kube-system}, name: a}\n'
  expect(parseManifest(text)).toEqual([
    { kind: 'Service', metadata: { namespace: 'kube-system', name: 'a' } },
  ])
})

describe('refused', () => {
  test('more objects than any release has, before they are read', () => {
    const started = performance.now()
    expect(() => parseManifest(service('a').repeat(50_000))).toThrow(
      'The manifest of the release cannot be read: it has 50000 objects, and canary takes 1000 at most.',
    )
    expect(performance.now() - started).toBeLessThan(1000)
  })

  test.each([
    [
      'a document that only Helm sees',
      `${service('a')}--- |\n  kind: Namespace\n`,
      'line 7: a document begins',
    ],
    [
      'a separator that only Helm sees',
      `${service('a')}---x\nkind: Namespace\n`,
      'line 7: a document begins',
    ],
    ['text in place of an object', `${service('a')}---\n- a list\n`, '["a list"] is no object'],
    ['no YAML', 'a: [', 'invalid YAML: line 1'],
  ])('%s', (_, text, why) => {
    expect(() => parseManifest(text)).toThrow(why)
  })
})
