import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSettings, TestCluster } from './cluster.js'

// The stories of test/e2e that need no sandbox, in the cluster that the environment names: docs/test-cluster.md.

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.open(readSettings(process.env))
})
afterAll(() => cluster?.close())

const stageOf = (result: any) => result.stage

async function deployments(app: string): Promise<string[]> {
  const names = await cluster.kubectl('get', 'deployments', '-n', app, '-o', 'name')
  return names.split('\n').filter(Boolean)
}

test('from install to finish, and undone: no request fails, nothing is left', async () => {
  const app = await cluster.install('v1')
  const users = cluster.users(app)
  const testers = cluster.users(app, { stage: 'canary' })

  expect(stageOf(await cluster.canary('start', app, 'v2'))).toMatchObject({ name: 'header', canary: 'v2' })
  expect(stageOf(await cluster.canary('shift', app, '50'))).toMatchObject({ name: 'weighted', weight: 50 })
  expect(stageOf(await cluster.canary('shift', app, '100'))).toMatchObject({ name: 'shifted' })
  const finished = await cluster.canary('finish', app, 'v2')
  expect(stageOf(finished)).toEqual({ name: 'stable', primary: 'v2' })
  expect(await cluster.canary('finish', app, 'v2')).toMatchObject({
    changed: false,
    revision: finished.revision,
  })
  const values = JSON.parse(await cluster.helm('get', 'values', app, '-n', app, '-o', 'json'))
  expect(values).toMatchObject({ deployment: { v2: {} }, routes: { primary: { version: 'v2' } } })
  expect(await deployments(app)).toEqual([`deployment.apps/${app}-v2`])

  expect(stageOf(await cluster.canary('undo', app, 'v1'))).toEqual({ name: 'stable', primary: 'v1' })
  expect(await deployments(app)).toEqual([`deployment.apps/${app}-v1`])

  expect((await testers.stop()).failures).toEqual({})
  const { failures, bodies } = await users.stop()
  expect(failures).toEqual({})
  expect(Object.keys(bodies).sort()).toEqual([`version:${app}-v1`, `version:${app}-v2`])
})

test('aborted at half of the users, and from shifted: only the primary is left, and no request fails', async () => {
  const app = await cluster.install('v1')
  const users = cluster.users(app)
  for (const weight of ['50', '100']) {
    await cluster.canary('start', app, 'v2')
    await cluster.canary('shift', app, weight)
    expect(stageOf(await cluster.canary('abort', app))).toEqual({ name: 'stable', primary: 'v1' })
    expect(await deployments(app)).toEqual([`deployment.apps/${app}-v1`])
  }
  expect((await users.stop()).failures).toEqual({})
})

test('new values, gone back from', async () => {
  const app = await cluster.install('v1')
  const users = cluster.users(app)
  const upgraded = await cluster.canary('upgrade', app, '--set', 'app.replicas=2', '--yes')
  expect(upgraded).toMatchObject({ changed: true, undo: `canary upgrade ${app} --revision 1` })
  expect(await cluster.canary('upgrade', app, '--revision', '1', '--yes')).toMatchObject({ changed: true })
  expect(await cluster.canary('verify', app)).toMatchObject({ proof: { verdict: 'pass' } })
  expect((await users.stop()).failures).toEqual({})
})
