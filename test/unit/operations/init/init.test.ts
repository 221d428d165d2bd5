import { withNamedCluster } from '../../../../src/model/command-line.js'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { init, type InitRequest } from '../../../../src/operations/init/init.js'
import { routesTo } from '../../../../src/routing/select.js'
import { type Source, sourceOfManifest } from '../../../../src/operations/init/manifest-source.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-init-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function request(more: Partial<InitRequest> = {}): InitRequest {
  return {
    app: 'shop',
    namespace: 'shop',
    paths: ['/shop'],
    routes: {},
    said: {},
    withSecrets: false,
    folder,
    force: false,
    dryRun: false,
    ...more,
  }
}

const inFolder = (name: string) => readFile(path.join(folder, name), 'utf8')

describe('the files', () => {
  test('are written, and say what was said', async () => {
    const said = { image: 'registry.example/shop:1.6', port: 9000, healthPath: '/healthz', replicas: 3 }
    const result = await withNamedCluster({ kubeContext: 'test' }, () =>
      init(request({ said, paths: ['/shop', '/cart'] })),
    )
    expect(parse(await inFolder('shop-values.yaml'))).toEqual({
      app: { image: 'registry.example/shop:1.6', port: 9000, replicas: 3, probes: { readiness: '/healthz' } },
      routes: { matches: [{ prefix: '/shop' }, { prefix: '/cart' }] },
    })
    expect(parse(await inFolder('canary.yaml'))).toEqual({
      apps: { shop: { namespace: 'shop' } },
    })
    expect((await readdir(folder)).sort()).toEqual(['canary.yaml', 'shop-values.yaml'])
    const file = path.join(folder, 'shop-values.yaml')
    expect(result.next).toEqual([
      `canary install shop v1 --kube-context test -f ${file}`,
      'canary start shop v2 --kube-context test --image registry.example/shop:TAG    (the next version)',
    ])
  })

  test('have defaults for what was not said', async () => {
    await init(request({ said: { image: undefined, port: undefined } }))
    expect(parse(await inFolder('shop-values.yaml')).app).toEqual({
      port: 8080,
      replicas: 2,
      probes: { readiness: { tcpSocket: { port: 'http' } } },
    })
  })

  test('come into a folder that is made for them', async () => {
    await init(request({ folder: path.join(folder, 'a', 'b') }))
    expect(await readdir(path.join(folder, 'a', 'b'))).toHaveLength(2)
  })

  test('of a dry run are told and not written', async () => {
    const { files } = await init(request({ dryRun: true }))
    expect(files.map(({ path: file }) => path.basename(file))).toEqual(['shop-values.yaml', 'canary.yaml'])
    expect(await readdir(folder)).toEqual([])
  })

  test('that are there are not overwritten without force', async () => {
    await writeFile(path.join(folder, 'shop-values.yaml'), 'mine')
    await expect(init(request())).rejects.toMatchObject({
      outcome: 'usage',
      message: `${path.join(folder, 'shop-values.yaml')} is there already.`,
      nextSteps: ['--force overwrites it, --out DIR writes elsewhere'],
    })
    expect(await readdir(folder)).toEqual(['shop-values.yaml'])
    expect(await inFolder('shop-values.yaml')).toBe('mine')
    await init(request({ force: true }))
    expect(parse(await inFolder('shop-values.yaml')).app.port).toBe(8080)
  })

  test('are none where there can be no folder', async () => {
    await writeFile(path.join(folder, 'file'), '')
    await expect(init(request({ folder: path.join(folder, 'file') }))).rejects.toThrow(
      /canary.yaml cannot exist: part of its path is not a folder/,
    )
    expect(await readdir(folder)).toEqual(['file'])
  })

  test('with secrets in them are for their owner alone', async () => {
    const source = sourceOfManifest(DEPLOYMENT, 'shop.yaml')
    await init(request({ source, withSecrets: true }))
    expect((await stat(path.join(folder, 'shop-values.yaml'))).mode & 0o777).toBe(0o600)
    expect(parse(await inFolder('shop-values.yaml')).app.env).toEqual({ PASSWORD: 'hunter2' })
  })

  test('of a Deployment take what was said over what it says', async () => {
    const source = sourceOfManifest(DEPLOYMENT, 'shop.yaml')
    const said = { image: 'registry.example/shop:2', replicas: 5, healthPath: '/ready', port: 9000 }
    const { notes, notCarriedOver, next } = await init(request({ source, said }))
    expect(next[0]).toMatch(/^canary install shop v1 /)
    expect(parse(await inFolder('shop-values.yaml')).app).toMatchObject({
      image: 'registry.example/shop:2',
      port: 9000,
      replicas: 5,
      probes: { readiness: '/ready' },
      env: { PASSWORD: { secretKeyRef: { name: 'shop-secrets', key: 'PASSWORD' } } },
    })
    expect(notCarriedOver.map(({ field }) => field)).toContain('schedulerName')
    expect(notes).toEqual([
      'The Deployment has literal secrets. The values refer to Secret shop-secrets instead, which you have to create, with: main: env PASSWORD (key PASSWORD).',
      'Beside the Deployment there are ConfigMap settings: they are no part of the release.',
      'Where the Deployment runs already, give the release another name than shop: the release brings a Service shop, and Helm does not overwrite existing objects. canary init shop-app --from deployment/shop -n shop prints the steps without downtime.',
    ])
  })
})

const DEPLOYMENT = `
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      schedulerName: own
      containers: [{name: main, image: registry.example/shop:1, env: [{name: PASSWORD, value: hunter2}]}]
---
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
---
kind: ConfigMap
metadata: {name: settings}
`

describe('a Deployment that runs', () => {
  const running = (more: Partial<Source>) => ({
    ...sourceOfManifest(DEPLOYMENT, 'shop.yaml'),
    isRunning: true,
    ...more,
  })
  const ofGloo = (one: { kind: string; name: string; namespace: string }) => ({
    gloo: [{ ...one, prefixes: ['/shop'], object: {} }],
    'gateway-api': [],
  })
  const commands = (next: string[]) => next.map((line) => line.split('    (')[0])
  const folderOf = (text: string) => text.replaceAll(`${folder}/`, '')

  test('comes over by commands of its own cluster, the old routes behind the new ones', async () => {
    const routes = ofGloo({ kind: 'RouteTable', name: 'old', namespace: 'edge' })
    const { next } = await withNamedCluster({ kubeContext: 'far' }, () =>
      init(request({ app: 'shop-app', source: running({ routes }) })),
    )
    expect(commands(next).map((line) => folderOf(line ?? ''))).toEqual([
      "canary install shop-app v1 -n shop --kube-context far -f shop-app-values.yaml --set 'routes.virtualService.domains={shop-app.trial.invalid}'",
      `kubectl patch routetable old -n edge --context far --type merge -p '{"spec":{"weight":1}}'`,
      'canary upgrade shop-app -n shop --kube-context far --set routes.virtualService=null --allow-overlap --yes',
      'kubectl delete routetable old -n edge --context far',
      'canary verify shop-app -n shop --kube-context far',
      `kubectl patch service shop -n shop --context far --type json -p '[{"op":"replace","path":"/spec/selector","value":{"app":"shop-app"}}]'`,
      'kubectl scale deployment shop -n shop --context far --replicas 0',
      'kubectl delete deployment shop -n shop --context far',
    ])
  })

  test('behind a Gateway: copies of its routes go behind the new ones, and no moment is without any', async () => {
    const object = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'shop', namespace: 'shop', uid: 'x', labels: { team: 'a' } },
      spec: {
        parentRefs: [{ name: 'public', namespace: 'infra' }],
        rules: [{ backendRefs: [{ name: 'shop', port: 80 }] }],
      },
    }
    const routes = routesTo({ name: 'shop', namespace: 'shop' }, [object])
    expect(routes['gateway-api']).toMatchObject([
      { name: 'shop', prefixes: ['/'], gateway: { namespace: 'infra', name: 'public' } },
    ])
    const chosen = { provider: 'gateway-api', gateway: { namespace: 'infra', name: 'public' } }
    const { next, notes } = await init(
      request({ app: 'shop-app', routes: chosen, source: running({ routes }) }),
    )
    const copy = JSON.stringify({
      apiVersion: object.apiVersion,
      kind: 'HTTPRoute',
      metadata: { name: 'shop-behind', labels: { team: 'a' } },
      spec: object.spec,
    })
    expect(
      commands(next)
        .map((line) => folderOf(line ?? ''))
        .slice(0, 6),
    ).toEqual([
      "canary install shop-app v1 -n shop -f shop-app-values.yaml --set 'routes.hostnames={shop-app.trial.invalid}' --allow-overlap",
      `printf %s '${copy}' | kubectl create -n shop -f -`,
      'kubectl delete httproute shop -n shop',
      'canary upgrade shop-app -n shop --set routes.hostnames=null --allow-overlap --yes',
      'kubectl delete httproute shop-behind -n shop',
      'canary verify shop-app -n shop',
    ])
    expect(parse(await inFolder('shop-app-values.yaml')).routes).toEqual({
      ...chosen,
      matches: [{ prefix: '/shop' }],
    })
    expect(notes.join()).toMatch(/No answer of shop-app will name its version.*verify\.version\.header/)
  })

  test('of its own name is told to take another', async () => {
    const { next, notes } = await withNamedCluster({ kubeContext: 'far' }, () =>
      init(request({ source: running({}) })),
    )
    expect(next).toEqual([
      'canary init shop-app -n shop --kube-context far --from deployment/shop --path /shop    (prints the steps without downtime)',
    ])
    expect(notes.join()).toContain(
      'Give the release another name than shop: the release brings a Service shop',
    )
    expect([...next, ...notes].join()).not.toContain('delete')
  })

  test('of another namespace keeps its Service, which can not send there', async () => {
    const { next, notes } = await init(request({ namespace: 'new', source: otherNamespace() }))
    expect(commands(next).filter((line) => line?.startsWith('kubectl'))).toEqual([
      'kubectl scale deployment shop -n old --replicas 0',
      'kubectl delete deployment shop -n old',
    ])
    expect(notes.join()).not.toContain('another name')
  })

  test('whose route a VirtualService itself has, is named', async () => {
    const routes = ofGloo({ kind: 'VirtualService', name: 'web', namespace: 'edge' })
    const { notes } = await init(request({ app: 'shop-app', source: running({ routes }) }))
    expect(notes.join()).toContain(
      'VirtualService edge/web itself has the route to the Service: before the upgrade',
    )
  })

  function otherNamespace(): Source {
    const text = DEPLOYMENT.replaceAll('{name: shop}', '{name: shop, namespace: old}')
    return { ...sourceOfManifest(text, 'shop.yaml'), isRunning: true }
  }
})
