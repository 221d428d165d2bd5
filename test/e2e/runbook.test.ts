import { spawn } from 'node:child_process'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'
import { GATEWAY_API } from '../support/providers.js'
import { startTraffic } from '../support/traffic.js'

const runJs = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

let east: SandboxCli
let west: SandboxCli
beforeAll(async () => {
  ;[east, west] = await Promise.all([startSandboxCli(4, QUICK), startSandboxCli(4, QUICK)])
  await writeFile(path.join(east.home, 'rollout.yaml'), RUNBOOK(east, west))
  await writeFile(path.join(east.home, 'west-values.yaml'), JSON.stringify({ routes: GATEWAY_API.routes }))
})
afterAll(() => Promise.all([east.close(), west.close()]))

const RUNBOOK = (a: SandboxCli, b: SandboxCli) => `
apiVersion: canary/v1
kind: Runbook
vars:
  to: { required: true, pattern: '^v[0-9]+$' }
clusters:
  east: { context: canary-sandbox, kubeconfig: ${path.join(a.home, 'kubeconfig')} }
  west: { context: canary-sandbox, kubeconfig: ${path.join(b.home, 'kubeconfig')}, after: east }
waves:
  - { name: edge, apps: [echo] }
  - { name: rest, apps: [golf], parallel: 2 }
apps: { echo: {}, golf: {} }
defaults: { probeRate: 0 }
onFailure: abort
steps:
  - { install: v1, when: { cluster: east } }
  - { install: { version: v1, values: [west-values.yaml] }, id: install-west, when: { cluster: west } }
  - start: \${to}
  - approve: { id: qa, message: Does it work? }
    when: { cluster: east, app: echo }
  - shift: 50
  - run: echo "$CANARY_CLUSTER $CANARY_APP $CANARY_CANARY $CANARY_WEIGHT $to" >> ran.txt
  - pause: 300ms
  - finish
`

const canary = (exitCode: number, ...args: string[]): Promise<any> => east.document(exitCode, args)

const run = (exitCode: number, ...more: string[]) =>
  canary(exitCode, 'run', 'rollout.yaml', '--var', 'to=v2', '--yes', ...more)

/** As a step of a job would run it. */
function inGitHub(...args: string[]) {
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: path.join(east.home, 'summary.md') }
  return east.canary([...args, '--json'], { env })
}

const commandsIn = (text: string) => text.split('\n').filter((line) => line.startsWith('::'))

const summary = () => readFile(path.join(east.home, 'summary.md'), 'utf8')

test('two waves in two clusters, with an approval: stopped, approved, done, done again', async () => {
  const { error } = await run(8)
  expect(error).toMatchObject({
    message: 'east/echo: Step qa of echo waits for an approval: Does it work?',
    evidence: { apps: [{ outcome: 'waiting' }, ...Array<unknown>(3).fill({ outcome: 'left out' })] },
  })
  expect(error.nextSteps[0]).toMatch(/^canary run rollout\.yaml --var to=v2 --approve qa/)
  const users = startTraffic(`${east.sandbox.proxyUrl}/echo`, 50)

  const { apps, runId } = await run(0, '--approve', 'qa=tried it')
  expect((await users.stop()).failures).toEqual({})
  expect(
    apps.map(({ cluster, app, stage }: any) => `${cluster}/${app} ${stage.name} ${stage.primary}`),
  ).toEqual(
    ['east', 'west'].flatMap((cluster) => ['echo', 'golf'].map((app) => `${cluster}/${app} stable v2`)),
  )
  const ran = (await readFile(path.join(east.home, 'ran.txt'), 'utf8')).trim().split('\n')
  expect(ran[0]).toBe('east echo v2 50 v2')
  expect(ran.map((line) => line.split(' ')[0])).toEqual(['east', 'east', 'west', 'west'])

  const { entries } = await canary(0, 'history', 'echo')
  const steps = ['install', 'start', 'start', 'shift-50', 'finish', 'finish']
  expect(entries.map(({ run: of }: any) => of?.step)).toEqual(steps)
  expect(entries.every(({ run: of, proof }: any) => of.id === runId && proof === 'pass')).toBe(true)

  const again = await run(0)
  expect(again.apps.every(({ steps }: any) => steps.done === 0 && steps.met === steps.of)).toBe(true)
  expect(again.apps.map(({ revision }: any) => revision)).toEqual(apps.map(({ revision }: any) => revision))

  const folder = path.join(east.home, 'state', 'canary', 'runs')
  const [file] = await readdir(folder)
  expect(file).toBe(`rollout-${runId}.jsonl`)
  const lines = (await readFile(path.join(folder, file!), 'utf8')).trim().split('\n')
  const journal = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(journal.every((line) => line.v === 1 && line.runId === runId)).toBe(true)
  const schema = JSON.parse(
    await readFile(new URL('../../schema/journal-v1.json', import.meta.url), 'utf8'),
  ) as object
  const validate = new Ajv({ allowUnionTypes: true, validateFormats: false }).compile(schema)
  expect(journal.flatMap((line) => (validate(line) ? [] : [{ line, errors: validate.errors }]))).toEqual([])
  expect(journal.filter(({ type }) => type === 'run-ended').map(({ outcome }) => outcome)).toEqual([
    'waiting',
    'done',
    'done',
  ])
  const upgrades = journal.filter(
    ({ type, app, cluster }) => type === 'upgraded' && app === 'golf' && cluster === 'west',
  )
  expect(upgrades.map(({ revision, runStep }) => [revision, runStep])).toEqual(
    ['install-west', ...steps.slice(1)].map((step, index) => [index + 1, step]),
  )
})

test('an app that fails goes back; its wave and the cluster after it are not begun', async () => {
  east.sandbox.faults.add({ kind: 'error-rate', app: 'echo', percent: 100, version: 'v3' })
  const { exitCode, stdout, stderr } = await inGitHub(
    'run',
    'rollout.yaml',
    '--var',
    'to=v3',
    '--approve',
    'qa',
  )
  expect(exitCode).toBe(7)
  const { error } = JSON.parse(stdout)
  expect(error.message).toMatch(/^east\/echo: Traffic contradicts the stage .* Rolled back and verified\.$/)
  expect(error.evidence.apps.map(({ outcome }: any) => outcome)).toEqual([
    'rolledBack',
    ...Array<unknown>(3).fill('left out'),
  ])
  expect((await canary(0, 'status', 'echo')).stage).toEqual({ name: 'stable', primary: 'v2' })
  expect(commandsIn(stderr)).toEqual([
    '::group::wave edge in east: echo',
    expect.stringMatching(/^::warning file=rollout\.yaml,line=18,/),
    '::endgroup::',
    expect.stringMatching(
      /^::error file=rollout\.yaml,line=18,title=canary%3A east\/echo%2C exit 7::Traffic /,
    ),
  ])
  expect(await summary()).toContain('### canary: rollout ✖ 0 of 4 apps')
})

test('what is wrong with the file is noted at its line on GitHub; neither helm nor kubectl is wanted', async () => {
  await writeFile(path.join(east.home, 'wrong.yaml'), RUNBOOK(east, west).replace('- start:', '- strat:'))
  for (const command of [['runbook', 'lint'], ['run']]) {
    const args = [...command, 'wrong.yaml', '--var', 'to=v2', '--json']
    const { exitCode, stderr } = await east.canary(args, { env: { GITHUB_ACTIONS: 'true', PATH: '' } })
    expect(exitCode).toBe(2)
    expect(commandsIn(stderr)).toEqual([
      expect.stringMatching(
        /^::error file=wrong\.yaml,line=18,col=5,title=canary%3A the runbook::unknown key "strat"/,
      ),
    ])
  }
})

test('another rollout under way is told of before anything is changed', async () => {
  await canary(0, 'start', 'golf', 'v9')
  const plan = await canary(6, 'runbook', 'plan', 'rollout.yaml', '--var', 'to=v4')
  expect(plan.apps.map(({ conflict }: any) => conflict !== undefined)).toEqual([false, true, false, false])
  expect(plan.apps[0].ahead.plan.steps[0].title).toBe('deploy v4 beside v2')
  const { exitCode, stdout, stderr } = await inGitHub('run', 'rollout.yaml', '--var', 'to=v4')
  expect(exitCode).toBe(6)
  const { error } = JSON.parse(stdout)
  expect(commandsIn(stderr)).toEqual([
    expect.stringMatching(/^::error file=rollout\.yaml,.*exit 6::.*%0Aeast\/golf/),
  ])
  expect(await summary()).toContain('a rollout of v9 is under way')
  expect(error.details).toEqual([
    expect.stringMatching(/^east\/golf: a rollout of v9 is under way, not of v4/),
  ])
  expect((await canary(0, 'status', 'echo')).stage).toEqual({ name: 'stable', primary: 'v2' })
})

test('a run that is killed goes on where it was; no step is made twice, and the journal is whole', async () => {
  const args = ['rollout', 'echo', 'v6', '--weights', '20,100', '--events', 'killed.jsonl', '--probe-rate']
  // Proven slowly: it is killed in the middle of that step's proof.
  const victim = spawn(process.execPath, [runJs, ...args, '200'], {
    cwd: east.home,
    env: east.env,
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => victim.once('exit', resolve))
  const journal = async () => readFile(path.join(east.home, 'killed.jsonl'), 'utf8').catch(() => '')
  await vi.waitUntil(async () => /"type":"upgraded".*"runStep":"shift-20"/.test(await journal()), {
    timeout: 300_000,
  })
  victim.kill('SIGKILL')
  await ended
  const before = await journal()

  const { apps, runId } = await canary(0, ...args, '0')
  expect(apps[0]).toMatchObject({ isWhole: true, stage: { name: 'stable', primary: 'v6' } })
  const { entries } = await canary(0, 'history', 'echo')
  const steps = entries.filter(({ run: of }: any) => of?.id === runId).map(({ run: of }: any) => of.step)
  expect(steps).toEqual(['start', 'start', 'shift-20', 'shift-100', 'finish'])
  const after = await journal()
  expect(after.startsWith(before.slice(0, before.lastIndexOf('\n') + 1))).toBe(true)
  const lines = after.trim().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { runId: string }).runId)).toEqual(lines.map(() => runId))
})

test('a rollout without a file goes up to a step, and on from there', async () => {
  const rollout = ['rollout', 'golf', 'v9', '--weights', '20,100', '--pause', '200ms', '--probe-rate', '0']
  const { apps, next } = await canary(0, ...rollout, '--until', 'shift-20')
  expect(apps[0]).toMatchObject({
    isWhole: false,
    stage: { name: 'weighted', weight: 20 },
    undo: 'canary abort golf',
  })
  expect(next).toBe('canary rollout golf v9 --weights 20,100 --pause 200ms --probe-rate 0')
  const done = await canary(0, ...rollout)
  expect(done.apps[0]).toMatchObject({
    isWhole: true,
    steps: { met: 2 },
    stage: { name: 'stable', primary: 'v9' },
  })
})

test('an approval by another than who started the run: status and runs show the wait, approve ends it', async () => {
  await canary(0, 'install', 'hotel', 'v1', '--with-virtual-service')
  await writeFile(
    path.join(east.home, 'other.yaml'),
    `
apiVersion: canary/v1
kind: Runbook
apps: { hotel: {} }
defaults: { probeRate: 0 }
steps:
  - start: v2
  - approve: { id: qa, message: Does it work?, by: other }
  - shift: 50
  - finish
`,
  )
  const { error } = await canary(8, 'run', 'other.yaml', '--yes')
  expect(error.message).toContain('by somebody other than who started the run')
  const found = await canary(0, 'status', 'hotel')
  expect(found.waiting).toMatchObject({
    name: 'other',
    step: 'qa',
    kind: 'approval',
    by: 'other',
    revision: 3,
  })
  expect(found.next).toEqual([
    expect.stringMatching(/^canary approve hotel qa --why REASON/),
    expect.stringMatching(/^canary run other\.yaml /),
  ])
  expect((await canary(0, 'runs')).runs).toMatchObject([
    { app: 'hotel', waiting: { step: 'qa' }, started: { identity: 'sandbox' } },
  ])
  expect((await canary(8, 'approve', 'hotel', 'qa')).error.message).toContain('sandbox started the run')

  const kubeconfig = JSON.parse(await readFile(path.join(east.home, 'kubeconfig'), 'utf8'))
  kubeconfig.users[0].user.as = 'bob'
  const asBob = path.join(east.home, 'bob.kubeconfig')
  await writeFile(asBob, JSON.stringify(kubeconfig))
  const { approved } = await canary(0, 'approve', 'hotel', 'qa', '--why', 'tried it', '--kubeconfig', asBob)
  expect(approved).toMatchObject([
    { app: 'hotel', step: 'qa', revision: 3, identity: 'bob', why: 'tried it' },
  ])
  expect((await canary(0, 'run', 'other.yaml', '--until', 'qa', '--yes')).apps[0].stage.name).toBe('header')
  expect((await canary(0, 'runs')).runs).toEqual([])
})
