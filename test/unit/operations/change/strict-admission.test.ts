import { expect, test } from 'vitest'
import { ConflictError, ExternalError } from '../../../../src/model/errors.js'
import { install } from '../../../../src/operations/install.js'
import { status } from '../../../../src/operations/status.js'
import { type Modelled, modelled } from '../../../support/model-cluster/context.js'

const DENIAL =
  'Error: INSTALLATION FAILED: admission webhook "gloo.gloo-system.svc" denied the request: resource incompatible ' +
  'with current Gloo snapshot: [Validating *v1.RouteTable failed: validating *v1.RouteTable {echo.echo-routes}: ' +
  '1 error occurred:\n\t* *v1.Upstream { echo.echo } not found\n\n]'

const FINAL = { deployment: { v1: {} }, routes: { apiGroup: 'example', primary: { version: 'v1' } } }
const WITHOUT_ROUTES = { ...FINAL, routes: { ...FINAL.routes, enabled: false } }

const SELECTING = [
  {
    metadata: { name: 'app', namespace: 'gloo-system' },
    spec: { virtualHost: { routes: [{ delegateAction: { selector: { namespaces: ['*'] } } }] } },
  },
]

/** A cluster whose gateway denies routes in an install, leaving a failed revision as Helm does. */
function strict(denial = DENIAL): Modelled {
  const surroundings = modelled()
  const { cluster } = surroundings
  cluster.world.virtualServices = SELECTING
  cluster.duringUpgrade = ({ values, description }) => {
    const { enabled } = values.routes as { enabled?: boolean }
    if (cluster.revisions.length > 0 || enabled === false) return
    cluster.calls.push('denied')
    cluster.add(values, 'failed', undefined, description)
    throw new ExternalError('denied', { command: 'helm install', code: 1, stderr: denial })
  }
  cluster.uninstall = () => {
    cluster.calls.push('uninstall')
    cluster.revisions.length = 0
    return Promise.resolve()
  }
  return surroundings
}

test('routes denied before their Upstream is there: two upgrades, the first without routes', async () => {
  const { context, cluster, events } = strict()

  const result = await install(context, { app: 'echo', version: 'v1' })

  expect(result).toMatchObject({ changed: true, revision: 2, stage: { name: 'stable', primary: 'v1' } })
  expect(cluster.calls).toEqual([
    'denied',
    'close the way to the proxy',
    'uninstall',
    'install: canary install echo v1: install v1 without routes (by ann@host)',
    'upgrade: canary install echo v1: install v1 (by ann@host)',
    'wait for pods: v1',
    'prove',
    'close the way to the proxy',
  ])
  expect(cluster.revisions.map(({ config }) => config)).toEqual([WITHOUT_ROUTES, FINAL])
  expect(events).toContainEqual({
    type: 'note',
    message: expect.stringMatching(/admission is strict.*two upgrades.*uninstalled/),
  })
})

test('interrupted between the two: status says so, and the same command goes on', async () => {
  const { context, cluster } = modelled(WITHOUT_ROUTES)
  cluster.world.virtualServices = SELECTING

  const found = await status(context, { app: 'echo' })
  expect(JSON.stringify(found)).toContain('routes.enabled is false: no request reaches the app')

  const result = await install(context, { app: 'echo', version: 'v1' })
  expect(result).toMatchObject({ changed: true, revision: 2, stage: { name: 'stable', primary: 'v1' } })
  expect(cluster.revisions.at(-1)?.config).toEqual(FINAL)
})

test('interrupted between the two, then another version asked for: a conflict', async () => {
  const { context } = modelled(WITHOUT_ROUTES)

  await expect(install(context, { app: 'echo', version: 'v2' })).rejects.toBeInstanceOf(ConflictError)
})

test('another denial is not taken for it', async () => {
  const { context, cluster } = strict(
    'Error: INSTALLATION FAILED: admission webhook "quota.example.org" denied the request: too many routes',
  )

  await expect(install(context, { app: 'echo', version: 'v1' })).rejects.toMatchObject({
    outcome: 'external',
  })
  expect(cluster.calls).toEqual(['denied', 'close the way to the proxy'])
})

test('a chart that cannot leave its routes out: said, with the remains gone', async () => {
  const { context, cluster } = strict()
  cluster.render = () =>
    Promise.resolve('apiVersion: gateway.solo.io/v1\nkind: RouteTable\nmetadata: {name: echo-routes}\n')

  await expect(install(context, { app: 'echo', version: 'v1' })).rejects.toMatchObject({
    outcome: 'external',
    message: expect.stringContaining('cannot leave them out'),
    state: expect.stringContaining('absent'),
  })
  expect(cluster.revisions).toEqual([])
})
