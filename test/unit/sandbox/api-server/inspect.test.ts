import { describe, expect, it } from 'vitest'
import { inspect } from '../../../../src/sandbox/api-server/schema/inspect.js'
import {
  customResourceCause,
  decodingError,
  fieldPath,
  typedPatchError,
} from '../../../../src/sandbox/api-server/schema/wording.js'

const podSpec = (container: object) => ({ spec: { containers: [container] } })

describe('values and their schema', () => {
  it('drops unknown fields, nulls and empty optional lists, and names the unknown', () => {
    const { value, problems } = inspect(
      { metadata: { name: 'x', labels: null }, spec: { containers: [{ name: 'c', args: [], imagee: 'i' }] } },
      'core.v1.Pod',
    )
    expect(value).toEqual({
      metadata: { name: 'x' },
      spec: { containers: [{ name: 'c', resources: {} }] },
      status: {},
    })
    expect(problems.map(({ kind, path }) => [kind, fieldPath(path)])).toEqual([
      ['unknown-field', 'spec.containers[0].imagee'],
    ])
  })

  it('keeps what custom kinds have beside the fields it knows', () => {
    const routes = { spec: { routes: [{ options: { timeout: '5s' } }], other: [1] }, more: null }
    expect(inspect(routes, 'gloo.RouteTable')).toEqual({ value: routes, problems: [] })
  })

  it.each<[name: string, object: object, expected: string]>([
    [
      'a string for a number',
      podSpec({ name: 'c', ports: [{ containerPort: '80' }] }),
      'json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    ],
    [
      'a number for a string',
      podSpec({ name: 'c', env: [{ name: 'A', value: 1 }] }),
      'json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string',
    ],
    [
      'an object for a list',
      { spec: { containers: {} } },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
  ])('words %s as Go does', (_name, object, expected) => {
    const [problem] = inspect(object, 'core.v1.Pod').problems
    expect(decodingError(problem!)).toBe(expected)
  })

  it.each<[weight: unknown, cause: string]>([
    [-5, 'Invalid value: -5: weight in body should be greater than or equal to 0'],
    [4294967296, 'Invalid value: 4294967296: weight in body should be less than or equal to 4294967295'],
    ['50', 'Invalid value: "string": weight in body must be of type integer: "string"'],
    [12.5, 'Invalid value: "number": weight in body must be of type integer: "number"'],
  ])('refuses the weight %s', (weight, cause) => {
    const [problem] = inspect({ weight }, 'gloo.WeightedDestination').problems
    expect(customResourceCause(problem!)).toMatchObject({ field: 'weight', message: cause })
  })

  it.each<[object: object, expected: string]>([
    [
      { spec: { containers: 'x' } },
      '.spec.containers: expected list, got &value.valueUnstructured{Value:"x"}',
    ],
    [
      { spec: { hostNetwork: 1 } },
      '.spec.hostNetwork: expected boolean, got &value.valueUnstructured{Value:1}',
    ],
    [{ specc: {} }, '.specc: field not declared in schema'],
  ])('words what is applied and does not fit', (object, expected) => {
    const [problem] = inspect(object, 'core.v1.Pod').problems
    expect(typedPatchError(problem!)).toBe(expected)
  })
})
