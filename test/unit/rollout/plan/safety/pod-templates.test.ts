import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../../../src/model/values.js'
import { makesSamePods } from '../../../../../src/rollout/plan/safety/pod-templates.js'

function template(container: JsonObject, spec: JsonObject = {}): JsonObject {
  return {
    metadata: { labels: { app: 'echo' } },
    spec: { containers: [{ name: 'echo', ...container }], ...spec },
  }
}

const tagged = { image: 'shop/echo:1' }

describe('what Kubernetes takes for the same pods', () => {
  test.each<[string, JsonObject, JsonObject]>([
    [
      'a pull policy that holds anyway',
      template(tagged),
      template({ ...tagged, imagePullPolicy: 'IfNotPresent' }),
    ],
    [
      'the policy of an image without a tag',
      template({ image: 'localhost:5000/echo' }),
      template({ image: 'localhost:5000/echo', imagePullPolicy: 'Always' }),
    ],
    [
      'the policy of an image by its digest',
      template({ image: 'echo@sha256:1' }),
      template({ image: 'echo@sha256:1', imagePullPolicy: 'IfNotPresent' }),
    ],
    [
      'the protocol of a port',
      template({ ...tagged, ports: [{ containerPort: 80 }] }),
      template({ ...tagged, ports: [{ containerPort: 80, protocol: 'TCP' }] }),
    ],
    ['a policy of restarts', template(tagged), template(tagged, { restartPolicy: 'Always' })],
    ['no resources', template(tagged), template({ ...tagged, resources: {} })],
  ])('%s', (_case, one, other) => {
    expect(makesSamePods(one, other)).toBe(true)
    expect(makesSamePods(other, one)).toBe(true)
  })
})

describe('what it replaces pods for', () => {
  test.each<[string, JsonObject]>([
    ['another image', template({ image: 'shop/echo:2' })],
    ['another policy', template({ ...tagged, imagePullPolicy: 'Always' })],
    ['an empty securityContext', template({ ...tagged, securityContext: {} })],
    ['an empty affinity', template(tagged, { affinity: {} })],
    ['the name of a port', template({ ...tagged, ports: [{ containerPort: 80, name: 'http' }] })],
    ['a label', { ...template(tagged), metadata: { labels: { app: 'echo', team: 'blue' } } }],
    ['a variable', template({ ...tagged, env: [{ name: 'B', value: '1' }] })],
  ])('%s', (_case, other) => {
    expect(makesSamePods(template(tagged), other)).toBe(false)
  })
})
