import { describe, expect, test } from 'vitest'
import { abort } from '../../../src/operations/abort.js'
import type { OperationContext } from '../../../src/operations/context.js'
import { doctor } from '../../../src/operations/doctor.js'
import { finish } from '../../../src/operations/finish.js'
import { history } from '../../../src/operations/history.js'
import { importApp } from '../../../src/operations/import.js'
import { install } from '../../../src/operations/install.js'
import { shift } from '../../../src/operations/shift.js'
import { start } from '../../../src/operations/start.js'
import { listApps, status } from '../../../src/operations/status.js'
import { observedValues } from '../../../src/operations/values.js'
import { analyze, explain, verify } from '../../../src/operations/verify.js'
import { SEED } from '../rollout/seed-values.js'
import { modelled } from '../../support/model-cluster/context.js'
import { failureOf } from '../../support/failure-of.js'

const startV2 = { app: 'echo', version: 'v2', deployOnly: false }

describe('each step: pods it relies on, upgrade, pods it adds, proof', () => {
  test('install', async () => {
    const { cluster, context } = modelled()
    const result = await install(context, { app: 'echo', version: 'v1', attach: true })
    expect(cluster.calls).toEqual([
      'install: canary install echo v1: install v1 (by ann@host)',
      'create VirtualService for example',
      'wait for pods: v1',
      'prove',
      'close the way to the proxy',
    ])
    expect(result).toMatchObject({ stage: { name: 'stable', primary: 'v1' }, revision: 1, changed: true })
    expect(result.next).toEqual(['canary start echo VERSION'])
  })

  test('start', async () => {
    const { cluster, context } = modelled(SEED[1])
    const result = await start(context, startV2)
    expect(cluster.calls).toEqual([
      'upgrade: canary start echo v2: deploy v2 beside v1 (by ann@host)',
      'wait for pods: v2',
      'prove',
      'wait for pods: v2',
      'upgrade: canary start echo v2: send requests with stage: canary to v2 (by ann@host)',
      'prove',
      'close the way to the proxy',
    ])
    expect(cluster.revisions.map(({ config }) => config)).toEqual([SEED[1], SEED[2], SEED[3]])
    expect(result.undo).toBe('canary abort echo')
  })

  test('finish proves 100 % in this run before it removes anything', async () => {
    const { cluster, context } = modelled(SEED[5])
    await finish(context, { app: 'echo', jump: false })
    expect(cluster.calls).toEqual([
      'prove',
      'upgrade: canary finish echo: make v2 the primary and remove v1 (by ann@host)',
      'wait for pods gone: v1',
      'prove',
      'close the way to the proxy',
    ])
  })

  test('abort routes back first and removes the canary after the proof', async () => {
    const { cluster, context } = modelled(SEED[4])
    await abort(context, { app: 'echo' })
    expect(cluster.calls).toEqual([
      'upgrade: canary abort echo: send all requests back to v1 (by ann@host)',
      'prove',
      'upgrade: canary abort echo: remove v2 (by ann@host)',
      'wait for pods gone: v2',
      'prove',
      'close the way to the proxy',
    ])
    expect(cluster.revisions.at(-1)!.config).toEqual(SEED[1])
  })

  test('abort --unverified goes without proof, and says why in the history', async () => {
    const { cluster, context, events } = modelled(SEED[4])
    await abort(context, { app: 'echo', unverified: 'the proxy is down' })
    expect(cluster.calls).toEqual([
      'upgrade: canary abort echo (unverified: the proxy is down): send all requests back to v1 (by ann@host)',
      'upgrade: canary abort echo (unverified: the proxy is down): remove v2 (by ann@host)',
      'wait for pods gone: v2',
    ])
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(2)
  })

  test('a target that is reached is proven, nothing else', async () => {
    const { cluster, context } = modelled(SEED[4])
    const result = await shift(context, { app: 'echo', weight: 50 })
    expect(cluster.calls).toEqual(['prove', 'close the way to the proxy'])
    expect(result).toMatchObject({ changed: false, revision: 1 })
  })

  test('a dry run plans and touches nothing', async () => {
    const { cluster, context } = modelled(SEED[1], { context: { dryRun: true } })
    const result = await start(context, startV2)
    expect(cluster.calls).toEqual([])
    expect(result.commands).toEqual([
      "helm upgrade echo <chart of echo's own record> --namespace echo --values - --description 'canary start echo v2: deploy v2 beside v1 (by ann@host)'",
      "helm upgrade echo <chart of echo's own record> --namespace echo --values - --description 'canary start echo v2: send requests with stage: canary to v2 (by ann@host)'",
    ])
    expect(result.stage).toEqual({ name: 'stable', primary: 'v1' })
  })
})

describe('nothing moves forward on a verdict other than pass', () => {
  test.each([
    ['fail', 3],
    ['inconclusive', 4],
  ] as const)('%s ends start after its first step with exit %i', async (verdict, exitCode) => {
    const { cluster, context } = modelled(SEED[1], { verdicts: [verdict] })
    const error = await failureOf(start(context, startV2))
    expect(error.exitCode).toBe(exitCode)
    expect(error.message).toContain(`a ${verdict} as told`)
    expect(error.state).toContain(
      'echo: revision 2, deployed: v2 stands beside v1, every request goes to v1.',
    )
    expect(error.nextSteps.join('\n')).toContain('canary abort echo')
    expect(cluster.revisions).toHaveLength(2)
  })

  test('finish removes nothing when the stage before does not pass', async () => {
    const { cluster, context } = modelled(SEED[5], { verdicts: ['inconclusive'] })
    expect((await failureOf(finish(context, { app: 'echo', jump: false }))).exitCode).toBe(4)
    expect(cluster.revisions).toHaveLength(1)
  })

  test('pods that do not get ready end the step, with the state the app is in', async () => {
    const { cluster, context } = modelled(SEED[1])
    cluster.world.kube.readiness.v2 = 'never'
    const error = await failureOf(start(context, startV2))
    expect(error).toMatchObject({ exitCode: 5 })
    expect(error.message).toContain('did not become ready: v2: ImagePullBackOff')
    expect(error.state).toContain('deployed: v2 stands beside v1')
    expect(cluster.calls).not.toContain('prove')
  })
})

describe('the release is not changed behind anybody’s back', () => {
  test('a revision made before the upgrade stops it', async () => {
    const { cluster, context } = modelled(SEED[3])
    const waitForPods = cluster.waitForPods.bind(cluster)
    cluster.waitForPods = async (...args) => {
      await waitForPods(...args)
      cluster.add(SEED[5], 'deployed', undefined, 'by hand')
    }
    const error = await failureOf(shift(context, { app: 'echo', weight: 50 }))
    expect(error).toMatchObject({ exitCode: 6 })
    expect(error.message).toMatch(/expected revision 1, found 2 \(deployed: by hand\)/)
    expect(error.evidence).toEqual({ expected: SEED[3], found: SEED[5], ours: SEED[4] })
    expect(cluster.revisions).toHaveLength(2)
  })

  test('a revision made right after the upgrade is seen', async () => {
    const { cluster, context } = modelled(SEED[3])
    const upgrade = cluster.upgrade.bind(cluster)
    cluster.upgrade = async (request) => {
      const revision = await upgrade(request)
      cluster.add(SEED[5], 'deployed', undefined, 'by hand')
      return revision
    }
    const error = await failureOf(shift(context, { app: 'echo', weight: 50 }))
    expect(error).toMatchObject({ exitCode: 6 })
    expect(error.message).toMatch(
      /Helm created revision 2 .* in addition to revision 3 \(deployed: by hand\)/,
    )
  })

  test.each(['failed', 'pending-upgrade'] as const)('a newer %s revision is explained', async (newer) => {
    const { cluster, context } = modelled(SEED[3])
    cluster.add(SEED[4], newer, undefined, 'timed out')
    const error = await failureOf(shift(context, { app: 'echo', weight: 50 }))
    expect(error).toMatchObject({ exitCode: 6 })
    expect(error.message).toContain(`Revision 2 of echo is ${newer} (timed out)`)
    expect(error.nextSteps.join('\n')).toContain(
      'canary shift echo 50 --recover    (back to revision 1, then goes on)',
    )
    expect(await status(context, { app: 'echo' })).toMatchObject({
      stage: { name: 'header' },
      revision: 1,
      unfinished: { revision: 2, status: newer },
    })
  })

  test('pods of a version that serves may not be replaced by a step', async () => {
    const { cluster, context } = modelled(SEED[1])
    const { render } = cluster.world.helm
    cluster.world.helm.render = (app, namespace, values) =>
      render(app, namespace, values).map((object: any) => {
        if (object.kind === 'Deployment') object.spec.template.spec.changed = true
        return object
      })
    const error = await failureOf(start(context, startV2))
    expect(error).toMatchObject({ exitCode: 6 })
    expect(error.message).toMatch(/would change the pods of v1/)
    expect(cluster.revisions).toHaveLength(1)
  })
})

describe('asking', () => {
  test('finish goes ahead where nobody can be asked', async () => {
    const { context } = modelled(SEED[5])
    expect((await finish(context, { app: 'echo', jump: false })).stage.name).toBe('stable')
  })

  test('finish stops when a person says no', async () => {
    const { cluster, context } = modelled(SEED[5], { context: { confirm: () => Promise.resolve(false) } })
    const error = await failureOf(finish(context, { app: 'echo', jump: false }))
    expect(error.message).toMatch('Cancelled.')
    expect(cluster.calls).toEqual([])
  })

  test('install names the flag for the VirtualService where nobody can be asked', async () => {
    const { cluster, context } = modelled()
    const error = await failureOf(install(context, { app: 'echo', version: 'v1' }))
    expect(error).toMatchObject({ exitCode: 2, state: 'Nothing was changed.' })
    expect(error.nextSteps[0]).toContain('--with-virtual-service')
    expect(cluster.calls).toEqual([])
  })

  test('install proposes its command without values, which may be secrets', async () => {
    const { context } = modelled()
    const set = ['app.env.TOKEN=hunter2']
    const { nextSteps } = await failureOf(install(context, { app: 'echo', version: 'v1', set }))
    expect(nextSteps[0]).toContain('app.env.TOKEN=…')
    expect(nextSteps.join()).not.toContain('hunter2')
  })

  test('install does not ask when a VirtualService delegates already', async () => {
    const { cluster, context } = modelled()
    cluster.world.virtualServices = [
      {
        metadata: { name: 'app', namespace: 'gloo-system' },
        spec: {
          virtualHost: {
            routes: [
              { delegateAction: { selector: { labels: { apiGroup: 'example' }, namespaces: ['*'] } } },
            ],
          },
        },
      },
    ]
    await install(context, { app: 'echo', version: 'v1' })
    expect(cluster.calls.filter((call) => call.startsWith('create'))).toEqual([])
  })
})

describe('Ctrl-C', () => {
  test('before an upgrade nothing more is changed, and the state is told', async () => {
    const { cluster, context, abort: controller } = modelled(SEED[1])
    cluster.duringUpgrade = () => controller.abort('SIGINT')
    const error = await failureOf(start(context, startV2))
    expect(error.exitCode).toBe(130)
    expect(error.state).toMatch(/revision 2, deployed: v2 stands beside v1/)
    expect(error.nextSteps).toContain('canary abort echo    (roll back)')
    expect(cluster.revisions).toHaveLength(2)
  })

  test('SIGTERM exits 143', async () => {
    const { context, abort: controller } = modelled(SEED[1])
    controller.abort('SIGTERM')
    expect((await failureOf(start(context, startV2))).exitCode).toBe(143)
  })
})

describe('reading', () => {
  const readers: [string, (context: OperationContext, app: string) => Promise<unknown>][] = [
    ['status', (context, app) => status(context, { app })],
    ['verify', (context, app) => verify(context, { app })],
    ['compare', (context, app) => analyze(context, { app, durationMs: 1000 })],
    ['explain', (context, app) => explain(context, { app })],
    ['doctor', (context, app) => doctor(context, { app })],
    ['history', (context, app) => history(context, { app, limit: 5 })],
    ['values', (context, app) => observedValues(context, { app })],
    ['shift', (context, app) => shift(context, { app, weight: 1 })],
    ['import', (context, app) => importApp(context, { app })],
  ]
  test.each(readers)('%s of an app that is not there names the nearest, exit 6', async (_name, read) => {
    const { context } = modelled(SEED[1])
    expect(await failureOf(read(context, 'ecoh'))).toMatchObject({
      exitCode: 6,
      message: 'There is no release named ecoh in any namespace; the nearest: echo (namespace echo).',
      nextSteps: expect.arrayContaining(['canary status echo', 'canary install ecoh VERSION']),
      evidence: { app: 'ecoh', nearest: [{ app: 'echo', namespace: 'echo' }] },
    })
    expect(await failureOf(read(context, 'quite-another'))).toMatchObject({
      exitCode: 6,
      message: 'There is no release named quite-another in any namespace.',
    })
    expect(await failureOf(read(context, 'v2'))).toMatchObject({
      exitCode: 6,
      nextSteps: expect.arrayContaining(['APP comes before VERSION: "v2" looks like a version']),
    })
  })

  test('an app that is in another namespace than the one asked for is named with it', async () => {
    const { context } = modelled(SEED[1])
    expect(await failureOf(status(context, { app: 'echo', namespace: 'shop' }))).toMatchObject({
      message: 'There is no release named echo in namespace shop; the nearest: echo (namespace echo).',
    })
  })

  test('a namespace that is not there is named before the app, and in place of an empty list', async () => {
    const { cluster, context } = modelled(SEED[1])
    cluster.listReleases = () => Promise.resolve([])
    expect(await listApps(context, 'shop')).toEqual([])
    cluster.liveObjects = (names) => Promise.resolve(names.map((name) => ({ ...name, object: undefined })))
    expect(await failureOf(status(context, { app: 'echo', namespace: 'shop' }))).toMatchObject({
      exitCode: 6,
      message: 'There is no namespace shop, and so no release named echo in it.',
    })
    expect(await failureOf(listApps(context, 'shop'))).toMatchObject({
      exitCode: 6,
      message: 'There is no namespace shop.',
    })
    // Who may not read namespaces learns nothing of them.
    cluster.liveObjects = () => Promise.resolve([])
    expect(await listApps(context, 'shop')).toEqual([])
  })

  test('a release of another chart is refused', async () => {
    const { cluster, context } = modelled()
    cluster.add({}, 'deployed', {
      metadata: { name: 'nginx', version: '1.2.3' },
      templates: [],
      files: [],
      values: {},
    })
    const error = await failureOf(start(context, startV2))
    expect(error).toMatchObject({ exitCode: 6 })
    expect(error.message).toContain('nginx-1.2.3')
  })

  test('values, list, verify', async () => {
    const { cluster, context } = modelled(SEED[4])
    expect(await observedValues(context, { app: 'echo' })).toEqual(SEED[4])
    expect(await listApps(context)).toMatchObject([{ app: 'echo', stage: { name: 'weighted', weight: 50 } }])
    expect(await verify(context, { app: 'echo' })).toMatchObject({ revision: 1, proof: { verdict: 'pass' } })
    expect(cluster.revisions).toHaveLength(1)
  })

  test('what the verifier is told of the values', async () => {
    const { verifier, context } = modelled({ ...SEED[4], verify: { version: { header: 'x-app' } } })
    await verify(context, { app: 'echo' })
    expect(verifier.requests[0]).toMatchObject({
      transport: { proxies: [{ name: '', origin: 'http://127.0.0.1:8080' }] },
      versionRule: { header: 'x-app' },
      versionHeader: 'x-canary-version',
      versionHeaderIsProof: true,
      settling: false,
    })
  })
})
