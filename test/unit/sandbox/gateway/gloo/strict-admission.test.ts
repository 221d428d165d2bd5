import { beforeEach, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../../../../src/sandbox/api-server/objects.js'
import type { Admit } from '../../../../../src/sandbox/api-server/registry/context.js'
import { RESOURCES } from '../../../../../src/sandbox/api-server/resources.js'
import type { ApiError } from '../../../../../src/sandbox/api-server/status.js'
import { ObjectStore } from '../../../../../src/sandbox/api-server/store.js'
import { FaultRegistry } from '../../../../../src/sandbox/faults.js'
import { strictAdmission } from '../../../../../src/sandbox/gateway/gloo/strict-admission.js'
import {
  KINDS,
  put,
  routeTable,
  single,
  to,
  upstream,
  virtualService,
  weighted,
} from '../../../../contract/routing/objects.js'

let store: ObjectStore
let faults: FaultRegistry
let admit: Admit
beforeEach(() => {
  store = new ObjectStore()
  faults = new FaultRegistry()
  faults.add({ kind: 'strict-admission' })
  admit = strictAdmission(faults, store)
})

function storeAll(...objects: KubeObject[]): void {
  for (const object of objects) put(store, KINDS[object.kind]!, object)
}

/** What the webhook says against a change; undefined where it lets it pass. */
function denial(object: KubeObject, isDeletion?: true): string | undefined {
  try {
    admit({ resource: KINDS[object.kind]!, object, isDeletion })
    return undefined
  } catch (error) {
    const { code, message } = (error as ApiError).body
    expect(code).toBe(400)
    return message
  }
}

function table(...routes: object[]): KubeObject {
  return routeTable('echo', routes)
}

const SERVED = [virtualService(), upstream('echo'), table(single('echo', 'v1'))]
const subset = (values: object) => ({
  matchers: [{ prefix: '/echo' }],
  routeAction: { single: { upstream: { name: 'echo', namespace: 'echo' }, subset: { values } } },
})
const under = (prefix: string): KubeObject => {
  const service = virtualService()
  service.spec.virtualHost.routes[0].matchers = [{ prefix }]
  return service
}

describe('a RouteTable', () => {
  test.each<[string, KubeObject[], KubeObject, RegExp | undefined]>([
    ['that fits is let pass', SERVED, table(weighted('echo', { v1: 50, v2: 50 })), undefined],
    [
      'of an app beside it is let pass',
      [...SERVED, upstream('fox')],
      routeTable('fox', [single('fox', 'v1')]),
      undefined,
    ],
    [
      'to an Upstream that is not there',
      SERVED,
      routeTable('fox', [single('fox', 'v1')]),
      /\*v1\.Upstream \{ fox\.fox \} not found/,
    ],
    [
      'to no Upstream, before there is a VirtualService',
      [],
      table(single('echo', 'v1')),
      /\*v1\.Upstream \{ echo\.echo \} not found/,
    ],
    ['with weights 0 and 0', SERVED, table(weighted('echo', { v1: 0, v2: 0 })), /require a total weight/],
    ['without destinations', SERVED, table(weighted('echo', {})), /at least one weighted destination/],
    ['without an action', SERVED, table({ matchers: [{ prefix: '/echo' }] }), /route must specify an action/],
    [
      'with a subset of other labels',
      SERVED,
      table(subset({ colour: 'red' })),
      /none of the subsets in the upstream match it/,
    ],
    [
      'outside its parent',
      [...SERVED, under('/echo')],
      table(single('echo', 'v1', { prefix: '/other' })),
      /required prefix: \/echo, prefix: \/other/,
    ],
    [
      'that leaves its VirtualService empty',
      SERVED,
      routeTable('echo', [single('echo', 'v1')], { apiGroup: 'other' }),
      /no route table matches the given selector/,
    ],
    ['with a subset that no pod has is let pass', SERVED, table(single('echo', 'v9')), undefined],
  ])('%s', (_, there, object, denied) => {
    storeAll(...there)
    if (!denied) return expect(denial(object)).toBeUndefined()
    const message = denial(object)
    expect(message).toMatch(denied)
    const { name, namespace } = object.metadata
    expect(message).toContain(
      'admission webhook "gloo.gloo-system.svc" denied the request: resource incompatible with current Gloo snapshot: ' +
        `[Validating *v1.RouteTable failed: validating *v1.RouteTable name:"${name}" namespace:"${namespace}": `,
    )
  })

  test('is let pass though another one is broken already', () => {
    storeAll(...SERVED, routeTable('fox', [single('fox', 'v1')]))
    expect(denial(table(single('echo', 'v2')))).toBeUndefined()
  })

  test('that is the last one cannot be deleted, one of two can', () => {
    storeAll(...SERVED)
    expect(denial(SERVED[2]!, true)).toMatch(/no route table matches the given selector/)
    storeAll(upstream('fox'), routeTable('fox', [single('fox', 'v1')]))
    expect(denial(SERVED[2]!, true)).toBeUndefined()
  })
})

test('an Upstream in use cannot be deleted, another one can', () => {
  storeAll(...SERVED, upstream('fox'))
  expect(denial(upstream('echo'), true)).toMatch(
    /^admission webhook .* \[Validating \*v1\.Upstream failed: .*\*v1\.Upstream \{ echo\.echo \} not found\]$/,
  )
  expect(denial(upstream('fox'), true)).toBeUndefined()
})

test('without the fault nothing is denied', () => {
  faults.clear()
  expect(denial(table(weighted('echo', { v1: 0 })))).toBeUndefined()
})

test('other kinds are none of its business', () => {
  const destination = { destination: to('echo', 'v1') }
  const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' }, spec: destination }
  expect(() => admit({ resource: RESOURCES.secrets, object })).not.toThrow()
})
