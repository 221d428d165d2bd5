import type { Finding } from '../../../src/model/results/doctor.js'
import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { permissionFindings, preflight } from '../../../src/cluster/preflight.js'
import { GLOO_PERMISSIONS } from '../../../src/routing/gloo/permissions.js'
import { preflight as glooPreflight } from '../../../src/routing/gloo/preflight.js'
import { Helm } from '../../../src/cluster/helm/helm.js'
import { PERMISSIONS } from '../../../src/cluster/permissions.js'
import { PrivateFolder } from '../../../src/cluster/private-folder.js'
import { findProxyAddress } from '../../../src/routing/gloo/proxies/address.js'
import { failure, json, list, startFakeApi, type FakeApi, type FakeRequest } from './kube/fake-api.js'
import { startFakePath, type FakePath } from './fake-program.js'

let fake: FakeApi
let programs: FakePath
let folder: PrivateFolder
beforeEach(async () => {
  programs = await startFakePath()
  folder = new PrivateFolder()
  await programs.program('helm', `process.stdout.write('v4.2.3')`)
  await programs.program('kubectl', `console.log('{"clientVersion":{"gitVersion":"v1.36.3"}}')`)
})
afterEach(async () => {
  await fake.close()
  folder.close()
  await programs.close()
})

const delegating = {
  metadata: { name: 'app', namespace: 'gloo-system' },
  spec: { virtualHost: { routes: [{ delegateAction: { selector: { labels: { apiGroup: 'example' } } } }] } },
}

/** A cluster in which all is well, but for what `odd` answers. */
function healthy(odd: (request: FakeRequest) => [number, object] | undefined = () => undefined) {
  return startFakeApi((request, response) => {
    const [status, body] = odd(request) ?? [200, answer(request)]
    json(response, status, body, { 'retry-after': '0' })
  })
}

function answer({ path, body }: FakeRequest): object {
  if (path === '/version') return { gitVersion: 'v1.35.4' }
  if (path.endsWith('/selfsubjectaccessreviews')) return { ...body, status: { allowed: true } }
  if (path.endsWith('/services/gateway-proxy')) {
    return {
      metadata: { name: 'gateway-proxy' },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
      status: { loadBalancer: { ingress: [{ ip: '10.0.0.7' }] } },
    }
  }
  return list('VirtualService', path.endsWith('/virtualservices') ? [delegating] : [])
}

async function findings(): Promise<Finding[]> {
  const { api } = fake
  const found = await preflight(api, new Helm(() => Promise.resolve({}), folder))
  if (found.some(({ check, status }) => check === 'cluster' && status === 'problem')) return found
  return [
    ...found,
    ...(await permissionFindings(api, 'echo', GLOO_PERMISSIONS)),
    ...(await glooPreflight(api, () => findProxyAddress(api, {}))),
  ]
}

const brief = (found: Finding[]) => found.map(({ check, status, detail }) => `${status} ${check}: ${detail}`)

describe('what doctor looks at', () => {
  test('all is well', async () => {
    fake = await healthy()

    expect(brief(await findings())).toEqual([
      'ok helm: v4.2.3',
      'ok kubectl: v1.36.3',
      'ok cluster: reached, Kubernetes v1.35.4',
      'ok permissions: everything that canary and helm need in namespace echo',
      'ok Gloo: the cluster serves VirtualServices, RouteTables and Upstreams',
      'ok virtual service: delegating: gloo-system/app',
      'ok proxy: http://10.0.0.7 (LoadBalancer of gloo-system/gateway-proxy)',
    ])
  })

  test('no cluster: nothing else is asked of it', async () => {
    fake = await startFakeApi((_, response) =>
      response.writeHead(500, { 'content-type': 'text/plain' }).end('dial tcp: connection refused'),
    )

    const found = await findings()

    expect(found.map(({ check, status }) => `${status} ${check}`)).toEqual([
      'ok helm',
      'ok kubectl',
      'problem cluster',
    ])
    expect(found[2]?.remedy).toMatch(/--kube-context/)
  })

  test('missing permissions: what, where and what for; a warning where canary does without', async () => {
    fake = await healthy(({ path, body }) => {
      if (!path.endsWith('/selfsubjectaccessreviews')) return undefined
      const { resource, verb, namespace } = body.spec.resourceAttributes
      const denied =
        (resource === 'routetables' && ['patch', 'update'].includes(verb)) ||
        (resource === 'secrets' && namespace === undefined)
      return [201, { status: { allowed: !denied } }]
    })

    expect(brief((await findings()).filter(({ check }) => check === 'permissions'))).toEqual([
      'problem permissions: your user may not update, patch routetables.gateway.solo.io in namespace echo: the routes',
      'warning permissions: your user may not list secrets in all namespaces: finding an app without --namespace',
    ])
  })

  test('no Gloo', async () => {
    fake = await healthy(({ path }) =>
      path.includes('solo.io') || path.includes('gateway-proxy')
        ? [404, failure(404, 'NotFound', 'the server could not find the requested resource')]
        : undefined,
    )

    const found = await findings()

    expect(brief(found).slice(4)).toEqual([
      'problem Gloo: the cluster does not serve virtualservices: Gloo is not installed',
      expect.stringMatching(/^problem proxy: Service gateway-proxy/),
    ])
    expect(found.every(({ status, remedy }) => status === 'ok' || remedy)).toBe(true)
  })

  test('no VirtualService that delegates', async () => {
    fake = await healthy(({ path }) =>
      path.endsWith('/virtualservices') ? [200, list('VirtualService', [])] : undefined,
    )

    const found = await findings()

    expect(found.find(({ check }) => check === 'virtual service')).toMatchObject({
      status: 'warning',
      remedy: expect.stringContaining('--with-virtual-service'),
    })
  })
})

test('the manifest for users grants every permission that is asked for', async () => {
  fake = await healthy()
  const text = await readFile(new URL('../../../docs/rbac.yaml', import.meta.url), 'utf8')
  const roles = parseAllDocuments(text).map((document) => document.toJS())
  const granted = (role: string) =>
    (roles.find(({ metadata }) => metadata.name === role)?.rules ?? []).flatMap((rule: any) =>
      rule.apiGroups.flatMap((group: string) =>
        rule.resources.flatMap((resource: string) =>
          rule.verbs.map((verb: string) => `${verb} ${group}/${resource}`),
        ),
      ),
    )
  for (const { group, resource, verbs, scope } of [...PERMISSIONS, ...GLOO_PERMISSIONS]) {
    const role = scope === 'app' ? 'canary-operator' : 'canary-gateway-reader'
    expect(granted(role)).toEqual(expect.arrayContaining(verbs.map((verb) => `${verb} ${group}/${resource}`)))
  }
})
