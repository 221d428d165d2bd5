import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sourceOf } from '../../../../src/operations/init/deployment-source.js'
import { checkDeployment, sourceOfManifest } from '../../../../src/operations/init/manifest-source.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-init-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('manifests', () => {
  const deployment = (name: string, containers = '[{name: a, image: b}]') =>
    `kind: Deployment\nmetadata: {name: ${name}}\nspec: {template: {spec: {containers: ${containers}}}}\n`

  test('of several Deployments give the one that is named', () => {
    const text = `${deployment('one')}---\n${deployment('two')}`
    expect(sourceOfManifest(text, 'm.yaml', 'two').deployment.metadata).toEqual({ name: 'two' })
  })

  test.each<[name: string, text: string, message: string, remedy: string]>([
    ['no YAML', 'a: [', 'm.yaml cannot be read: line 1: ', 'correct line 1'],
    [
      'a text',
      '--- hello',
      'm.yaml cannot be read: line 1: it is not a Kubernetes object.',
      'correct line 1',
    ],
    ['nothing', '', 'm.yaml has no Deployment.', 'give a manifest with a Deployment, or --image'],
    ['other kinds', 'kind: Pod\n---\nkind: Pod', 'm.yaml has no Deployment, only Pod.', 'give a manifest'],
    [
      'several',
      `${deployment('one')}---\n${deployment('two')}`,
      'm.yaml has several Deployments: one, two.',
      'name one: --from m.yaml#one',
    ],
  ])('%s', (_name, text, message, remedy) => {
    expect(() => sourceOfManifest(text, 'm.yaml')).toThrow(
      expect.objectContaining({
        outcome: 'usage',
        message: expect.stringContaining(message),
        nextSteps: [expect.stringContaining(remedy)],
      }),
    )
  })

  test('of several namespaces give the one that -n names, with what is there', () => {
    const inside = (namespace: string, image: string) =>
      [
        deployment('one', `[{name: a, image: ${image}}]`).replace(
          '{name: one}',
          `{name: one, namespace: ${namespace}}`,
        ),
        `kind: HorizontalPodAutoscaler\nmetadata: {name: ${image}, namespace: ${namespace}}\nspec: {scaleTargetRef: {kind: Deployment, name: one}}\n`,
      ].join('---\n')
    const text = `${inside('left', 'b')}---\n${inside('right', 'c')}`
    const { deployment: chosen, autoscaler } = sourceOfManifest(text, 'm.yaml', undefined, 'right')
    expect(chosen.metadata).toEqual({ name: 'one', namespace: 'right' })
    expect(autoscaler?.metadata).toEqual({ name: 'c', namespace: 'right' })
    expect(() => sourceOfManifest(text, 'm.yaml', 'one')).toThrow(
      expect.objectContaining({
        message: 'm.yaml has several Deployments named one: one (namespace left), one (namespace right).',
        nextSteps: ['choose its namespace: -n left'],
      }),
    )
  })

  test('with merge keys say what kubectl makes of them', () => {
    const text = `base: &base {image: base, name: base}
kind: Deployment
metadata: {name: one}
spec:
  template:
    spec:
      containers:
        - {name: before, <<: *base, tty: true}
        - {<<: *base, name: after}
        - {<<: [{name: first}, *base], image: own}
        - {'<<': quoted, name: text, image: own}
`
    const { deployment: read } = sourceOfManifest(text, 'm.yaml')
    expect((read as any).spec.template.spec.containers).toEqual([
      { name: 'base', image: 'base', tty: true },
      { name: 'after', image: 'base' },
      { name: 'first', image: 'own' },
      { '<<': 'quoted', name: 'text', image: 'own' },
    ])
    expect(() => sourceOfManifest('kind: {<<: text}', 'm.yaml')).toThrow(
      'm.yaml cannot be read: line 1: a merge key (<<) takes a map, or a list of maps.',
    )
  })

  test('a name that is not there', () => {
    expect(() => sourceOfManifest(deployment('one'), 'm.yaml', 'two')).toThrow(
      expect.objectContaining({
        message: 'm.yaml has no Deployment two.',
        nextSteps: ['name one that is there: one'],
      }),
    )
  })

  test.each([
    ['[]', undefined, 'spec.template.spec.containers has no container.'],
    ['nonsense', undefined, 'spec.template.spec.containers has no container.'],
    ['[{name: a, image: b}, {name: c}]', undefined, 'spec.template.spec.containers[1] has no image.'],
    ['[{image: b}]', undefined, 'spec.template.spec.containers[0] has no name.'],
    ['[{name: a, image: b}]', 'z', 'there is no container "z".'],
  ])('containers %s', (containers, container, message) => {
    const { deployment: read } = sourceOfManifest(deployment('one', containers), 'm.yaml')
    expect(() => checkDeployment(read, 'm.yaml', container)).toThrow(`m.yaml: ${message}`)
  })

  test('come from a file, from stdin, and by name after #', async () => {
    const file = path.join(folder, 'm.yaml')
    await writeFile(file, `${deployment('one')}---\n${deployment('two')}`)
    const stdin = (async function* () {
      yield await Promise.resolve(Buffer.from(deployment('piped')))
    })()
    const from = async (text: string) =>
      (await sourceOf({ from: text, cluster: {}, stdin })).deployment.metadata
    expect(await from(`${file}#two`)).toEqual({ name: 'two' })
    expect(await from('-')).toEqual({ name: 'piped' })
    await expect(from(`${folder}/none.yaml`)).rejects.toThrow(`The file ${folder}/none.yaml does not exist.`)
    await expect(from('deployment/Bad_Name')).rejects.toThrow('names no Deployment')
  })
})
