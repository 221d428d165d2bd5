import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import Abort from '../../../src/commands/abort.js'
import Doctor from '../../../src/commands/doctor.js'
import Finish from '../../../src/commands/finish.js'
import Install from '../../../src/commands/install.js'
import Shift from '../../../src/commands/shift.js'
import Start from '../../../src/commands/start.js'
import Status from '../../../src/commands/status.js'
import Values from '../../../src/commands/values.js'
import Verify from '../../../src/commands/verify.js'
import { ModelCluster } from '../../support/model-cluster/cluster.js'
import { ModelRouting } from '../../support/model-cluster/routing.js'
import { ModelVerifier } from '../../support/model-cluster/verifier.js'
import { documentOf, runWith } from './run-command.js'

let cluster: ModelCluster
let verifier: ModelVerifier
const runCommand = runWith({
  cluster: () => ({ cluster, routing: new ModelRouting(cluster) }),
  verifier: () => verifier,
})

beforeEach(() => {
  cluster = new ModelCluster()
  verifier = new ModelVerifier(cluster)
})

const installed = () => runCommand(Install, ['echo', 'v1', '--with-virtual-service'])

describe('a rollout', () => {
  test('says what it does, what it proved, where it stands and how to go on and back', async () => {
    await installed()
    const run = await runCommand(Start, ['echo', 'v2'])
    expect(run.exitCode, run.stderr).toBe(0)
    expect(run.stderr.replace(/\d+\.\d s/g, 'N s')).toBe(`start echo v2: reading the release of echo
echo in namespace echo: stable: every request goes to v1 (revision 1)
plan: 2 steps
  1. deploy v2 beside v1
  2. send requests with stage: canary to v2

step 1 of 2: deploy v2 beside v1
  ✔ helm upgrade: revision 2 (N s)
  ✔ pods of v2 ready (N s)
  counting answers of http://127.0.0.1:8080
  ✔ without the header: v1 459/459 (N s)
  ✔ with stage: canary: v1 459/459 (N s)
  ✔ verified (step 1: N s)

step 2 of 2: send requests with stage: canary to v2
  ✔ helm upgrade: revision 3 (N s)
  counting answers of http://127.0.0.1:8080
  ✔ without the header: v1 459/459 (N s)
  ✔ with stage: canary: v2 459/459 (N s)
  ✔ verified (step 2: N s)
`)
    expect(run.stdout)
      .toBe(`✔ echo header: requests with stage: canary go to v2, all others to v1 (revision 3)
  proof   v1 459/459 without the header
          v2 459/459 with stage: canary
  next    canary shift echo 10
  undo    canary abort echo
`)
    expect(cluster.closed).toBe(2)
  })

  test('goes from install to finish, or back', async () => {
    await installed()
    for (const [command, argv, stage] of [
      [Start, ['echo', 'v2'], 'header'],
      [Shift, ['echo', '50'], 'weighted'],
      [Finish, ['echo', 'v2'], 'stable'],
      [Start, ['echo', '3'], 'header'],
      [Abort, ['echo'], 'stable'],
    ] as const) {
      const run = await runCommand(command, [...argv, '--json'])
      expect(run.exitCode, run.stderr).toBe(0)
      expect(documentOf(run)).toMatchObject({
        app: 'echo',
        namespace: 'echo',
        changed: true,
        stage: { name: stage },
      })
      expect(documentOf(run).warnings).toEqual([])
    }
    const values = documentOf(await runCommand(Values, ['echo']))
    expect(values).toEqual({
      deployment: { v2: {} },
      routes: { apiGroup: 'example', primary: { version: 'v2' } },
    })
    expect(documentOf(await runCommand(Values, ['echo', '--json']))).toEqual(values)
  })

  test('a dry run prints the plan and changes nothing', async () => {
    await installed()
    const run = await runCommand(Start, ['echo', 'v2', '--dry-run'])
    expect(run.exitCode).toBe(0)
    expect(run.stdout).toContain(
      '  values  + deployment.v2: {}\n  objects Deployment echo-v2 is added\n  runs    helm upgrade echo ',
    )
    expect(run.stdout).toMatch(/dry run: nothing was changed\n$/)
    expect(run.stderr).toBe('start echo v2: reading the release of echo\n')
    expect(cluster.revisions).toHaveLength(1)
  })

  test('traffic that contradicts exits 3, with the evidence in the document', async () => {
    await installed()
    verifier.verdicts = ['fail']
    const run = await runCommand(Start, ['echo', 'v2', '--json'])
    expect(run.exitCode).toBe(3)
    const { error } = documentOf(run)
    expect(error).toMatchObject({ code: 3, name: 'failed', evidence: { proof: { verdict: 'fail' } } })
    expect(error.message).toContain('a fail as told')
    expect(error.nextSteps.join('\n')).toContain('canary abort echo')
    expect(run.stderr).toContain('  ✖ without the header: v1 459/459 (0.0 s)\n    a fail as told\n')
  })

  test('verify, status and doctor', async () => {
    await installed()
    const verified = await runCommand(Verify, [
      'echo',
      '--probe-header',
      'authorization=x',
      '--host',
      'a.example',
    ])
    expect(verified.stdout).toContain('  proof   v1 459/459\n')
    expect(verifier.requests.at(-1)).toMatchObject({
      probe: { headers: { authorization: 'x' } },
      transport: { host: 'a.example' },
      rate: 250,
      timeoutMs: 60_000,
    })
    expect(verifier.requests.at(-1)!.userAgent).toMatch(/^canary\/\d/)
    const one = await runCommand(Status, ['echo'])
    expect(one.stdout).toContain('  primary   v1  ✔ 1/1 pods ready  hashicorp/http-echo\n')
    expect(one.stderr).toBe('')
    expect((await runCommand(Status, [])).stdout).toMatch(/^APP .*\necho +echo +stable +v1 /)
    expect(documentOf(await runCommand(Status, ['--json'])).apps).toHaveLength(1)
    expect((await runCommand(Doctor, ['echo'])).stdout).toMatch(/no problems, no warnings\n$/)
  })

  test('Ctrl-C: says what is being finished, ends after it with 130 and says where the app stands', async () => {
    await installed()
    cluster.duringUpgrade = async () => {
      process.emit('SIGINT', 'SIGINT')
      await Promise.resolve()
    }
    const run = await runCommand(Start, ['echo', 'v2', '--json'])
    expect(run.exitCode).toBe(130)
    expect(run.stderr).toContain('Stopping once helm upgrade has ended, ')
    const { error } = documentOf(run)
    expect(error).toMatchObject({ code: 130, name: 'interrupted' })
    expect(error.state).toContain('revision 2, deployed: v2 stands beside v1')
    expect(cluster.revisions).toHaveLength(2)
    expect(cluster.closed).toBe(2)
    expect(process.listenerCount('SIGINT')).toBe(0)
  })
})

describe('values of a stage, without a cluster', () => {
  test('weighted', async () => {
    const run = await runCommand(
      Values,
      'echo --stage weighted --primary v1 --canary 1e3 --weight 50 --header x-beta=yes'.split(' '),
    )
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    expect(run.stdout).toContain('version: "1e3"')
    expect(documentOf(run)).toEqual({
      deployment: { v1: {}, '1e3': {} },
      routes: {
        apiGroup: 'example',
        primary: { version: 'v1' },
        canary: { version: '1e3', weight: 50, headers: { 'x-beta': 'yes' } },
      },
    })
  })

  test('the configurations of the versions and all other values come from the files given', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'canary-values-'))
    const file = path.join(folder, 'base.yaml')
    await writeFile(file, 'deployment: { v1: { replicas: 3 }, v0: {} }\nroutes: { apiGroup: mine }\n')
    const run = await runCommand(Values, ['echo', '--stage', 'stable', '--primary', 'v1', '-f', file])
    await rm(folder, { recursive: true })
    expect(documentOf(run)).toEqual({
      deployment: { v1: { replicas: 3 } },
      routes: { apiGroup: 'mine', primary: { version: 'v1' } },
    })
  })

  test.each([
    ['a stage without its primary', ['--stage', 'stable'], /--stage needs --primary/],
    ['a stage without its canary', ['--stage', 'header', '--primary', 'v1'], /need a canary/],
    ['a weight of 100 %', '--stage weighted --primary v1 --canary v2 --weight 100'.split(' '), /1 to 99/],
  ])('%s is refused', async (_, flags, message) => {
    const run = await runCommand(Values, ['echo', ...flags])
    expect(run.exitCode).toBe(2)
    expect(run.stderr).toMatch(message)
  })
})
