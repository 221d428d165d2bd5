import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import Abort from '../../../src/commands/abort.js'
import Doctor from '../../../src/commands/doctor.js'
import Finish from '../../../src/commands/finish.js'
import Install from '../../../src/commands/install.js'
import Shift from '../../../src/commands/shift.js'
import Start from '../../../src/commands/start.js'
import Status from '../../../src/commands/status.js'
import Values from '../../../src/commands/values.js'
import Verify from '../../../src/commands/verify.js'
import { ExternalError } from '../../../src/model/errors.js'
import { ModelCluster } from '../../support/model-cluster/cluster.js'
import { ModelRouting } from '../../support/model-cluster/routing.js'
import { ModelVerifier } from '../../support/model-cluster/verifier.js'
import { type CommandRun, documentOf, runWith } from './run-command.js'

let cluster: ModelCluster
let verifier: ModelVerifier
const runCommand = runWith({
  cluster: ({ secrets }) => {
    secrets?.learn(cluster.revisions.map(({ config }) => config))
    return { cluster, routing: new ModelRouting(cluster) }
  },
  verifier: () => verifier,
})

const VALUES = `
deployment:
  v1:
    image: shop:1
    password: S3cret-one
    env:
      - { name: DB_PASSWORD, value: S3cret-two }
      - { name: DB_HOST, value: db.example }
    url: postgres://shop:S3cret-three@db.example/shop
`
/** All of them, as they may be written down anywhere. */
const SECRET = /S3cret|UzNjcmV0/

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-secrets-'))
  file = path.join(folder, 'shop.yaml')
  await writeFile(file, VALUES)
})
afterAll(() => rm(folder, { recursive: true }))
beforeEach(() => {
  cluster = new ModelCluster()
  verifier = new ModelVerifier(cluster)
})

const HEADER = ['--probe-header', 'authorization=Bearer S3cret-four']
const V2 = ['shop', 'v2', '--image', 'shop:2', '--set-version', 'password=S3cret-five,env=null', ...HEADER]

async function everyFormat(
  command: Parameters<typeof runCommand>[0],
  argv: string[],
): Promise<[CommandRun, CommandRun]> {
  const [text, json, yaml] = [
    await runCommand(command, [...argv, '--color', 'always']),
    await runCommand(command, [...argv, '--json']),
    await runCommand(command, [...argv, '-o', 'yaml']),
  ]
  for (const run of [text, json, yaml]) {
    expect(run.stdout).not.toMatch(SECRET)
    expect(run.stderr).not.toMatch(SECRET)
  }
  return [text, json]
}

test('no command tells a secret, in no format; what is applied has them', async () => {
  await everyFormat(Install, ['shop', 'v1', '-f', file, '--with-virtual-service', ...HEADER])
  expect(JSON.stringify(cluster.revisions[0]!.config)).toContain('S3cret-two')

  const [plan, document] = await everyFormat(Start, [...V2, '--dry-run'])
  expect(plan.stdout).toContain('+ deployment.v2.password: "***"')
  expect(documentOf(document).plan.steps[0].values.deployment).toMatchObject({
    v1: { image: 'shop:1', password: '***', url: 'postgres://shop:***@db.example/shop' },
    v2: { image: 'shop:2', password: '***' },
  })
  expect(documentOf(document).plan.before.deployment.v1.env).toEqual([
    { name: 'DB_PASSWORD', value: '***' },
    { name: 'DB_HOST', value: 'db.example' },
  ])

  await everyFormat(Start, V2)
  expect(cluster.revisions.at(-1)!.config.deployment).toMatchObject({ v2: { password: 'S3cret-five' } })
  expect(verifier.requests.at(-1)!.probe.headers).toEqual({ authorization: 'Bearer S3cret-four' })
  await everyFormat(Shift, ['shop', '50', ...HEADER])
  await everyFormat(Verify, ['shop', ...HEADER])
  await everyFormat(Status, ['shop'])
  await everyFormat(Doctor, ['shop'])
  await everyFormat(Abort, ['shop', ...HEADER])
  await everyFormat(Start, V2)
  await everyFormat(Finish, ['shop', '--jump', ...HEADER])
})

test('what programs, pods and answers say may repeat them', async () => {
  await runCommand(Install, ['shop', 'v1', '-f', file, '--with-virtual-service'])
  cluster.versionPods = () =>
    Promise.resolve([
      {
        version: 'v1',
        deployment: 'shop-v1',
        image: 'shop:1',
        ready: 0,
        wanted: 1,
        problems: ['Error: login with S3cret-one failed\u001b[2J'],
      },
    ])
  const [status] = await everyFormat(Status, ['shop'])
  expect(status.stdout).toContain('Error: login with *** failed\ufffd[2J')
  cluster.upgrade = () =>
    Promise.reject(
      new ExternalError('helm failed: got S3cret-one', {
        stderr: 'Error: got S3cret-two\nrequest had authorization: Bearer S3cret-four',
        evidence: { values: cluster.revisions[0]!.config },
      }),
    )
  const [error, document] = await everyFormat(Start, V2)
  expect(error.stderr).toContain('helm failed: got ***')
  expect(documentOf(document).error.stderr).toBe('Error: got ***\nrequest had authorization: Bearer ***')
  expect(documentOf(document).error.evidence.values.deployment.v1.image).toBe('shop:1')
})

test('wrong usage does not repeat them', async () => {
  for (const argv of [
    ['shop', '--probe-header', 'authorization: Bearer S3cret-four'],
    ['shop', '--probe-header', 'x-key S3cret'],
    ['shop', '--proxy-url', 'http://me:S3cret@127.0.0.1:80/'],
  ]) {
    const [text] = await everyFormat(Verify, argv)
    expect(text.exitCode).toBe(2)
  }
})

test('values are masked, and say so, unless they are asked for', async () => {
  await runCommand(Install, ['shop', 'v1', '-f', file, '--with-virtual-service'])
  const ofStage = ['shop', '--stage', 'stable', '--primary', 'v1', '-f', file]
  for (const argv of [['shop'], ofStage]) {
    const [text, json] = await everyFormat(Values, argv)
    expect(text.stderr).toBe(
      '! Secrets are masked as ***: do not apply these values. --show-secrets prints them.\n',
    )
    expect(text.stdout).toContain('password: "***"')
    expect(documentOf(json).deployment.v1.env[0]).toEqual({ name: 'DB_PASSWORD', value: '***' })
    for (const format of ['text', 'json', 'yaml']) {
      const shown = await runCommand(Values, [...argv, '--show-secrets', '-o', format])
      expect(shown.stderr).toBe('')
      expect(documentOf(shown).deployment).toEqual(cluster.revisions[0]!.config.deployment)
    }
  }
  const open = await runCommand(Values, ['shop', '--stage', 'stable', '--primary', 'v1'])
  expect(open.stderr).toBe('')
})
