import { beforeEach, expect, test, vi } from 'vitest'
import Finish from '../../../src/commands/finish.js'
import History from '../../../src/commands/history.js'
import Install from '../../../src/commands/install.js'
import Start from '../../../src/commands/start.js'
import Undo from '../../../src/commands/undo.js'
import { ModelCluster } from '../../support/model-cluster/cluster.js'
import { ModelRouting } from '../../support/model-cluster/routing.js'
import { ModelVerifier } from '../../support/model-cluster/verifier.js'
import { documentOf, runWith } from './run-command.js'

let cluster: ModelCluster
const runCommand = runWith({
  cluster: () => ({ cluster, routing: new ModelRouting(cluster) }),
  verifier: () => new ModelVerifier(cluster),
})

beforeEach(async () => {
  for (const name of ['GITHUB_ACTOR', 'GITLAB_USER_LOGIN']) vi.stubEnv(name, 'ann')
  cluster = new ModelCluster()
  await runCommand(Install, ['echo', 'v1', '--with-virtual-service'])
  await runCommand(Start, ['echo', 'v2'])
  await runCommand(Finish, ['echo', 'v2', '--jump'])
})

test('undo off a terminal wants VERSION, and names it; --yes is no answer to that', async () => {
  for (const flags of [[], ['--yes'], ['--fast']]) {
    const run = await runCommand(Undo, ['echo', ...flags, '--json'])
    expect(run.exitCode).toBe(2)
    expect(documentOf(run).error).toMatchObject({
      message: 'VERSION is missing: the version of echo to bring back.',
      nextSteps: ['canary undo echo v1    (the version before)'],
    })
  }
})

test('undo brings the version before back, and done twice changes nothing', async () => {
  const run = await runCommand(Undo, ['echo', 'v1'])
  expect(run.exitCode, run.stderr).toBe(0)
  expect(run.stdout).toBe(`✔ echo stable: every request goes to v1 (revision 10)
  proof   v1 459/459
  next    canary start echo VERSION
  undo    canary undo echo v2
`)
  const again = documentOf(await runCommand(Undo, ['echo', 'v1', '--json']))
  expect(again).toMatchObject({ changed: false, revision: 10, undo: 'canary undo echo v2' })
})

test('history tells what happened, to people and to programs', async () => {
  await runCommand(Undo, ['echo', 'v1', '--fast'])
  const run = await runCommand(History, ['echo', '--limit', '2'])
  expect(run.exitCode, run.stderr).toBe(0)
  const lines = run.stdout.split('\n')
  expect(lines[1]).toBe('(6 older revisions: canary history echo --limit 8)')
  expect(lines[2]).toMatch(
    /^7 +\S+Z +shifted +v2 → v1 +- +superseded +ann@\S+ +undo echo v1 --fast: send 100 %/,
  )
  expect(lines[3]).toMatch(/^8 .* undo echo v1 --fast: make v1 the primary again and remove v2$/)

  const document = documentOf(await runCommand(History, ['echo', '-o', 'yaml']))
  expect(document).toMatchObject({ app: 'echo', namespace: 'echo', gaps: [], older: 0, warnings: [] })
  expect(document.entries.map(({ stage, byCanary }: any) => [stage.name, byCanary])).toEqual(
    ['stable', 'deployed', 'header', 'shifted', 'stable', 'deployed', 'shifted', 'stable'].map((name) => [
      name,
      true,
    ]),
  )
})

test.each([['0'], ['-3'], ['many'], ['1.5']])('history --limit %s is wrong usage', async (limit) => {
  const run = await runCommand(History, ['echo', `--limit=${limit}`, '--json'])
  expect(run.exitCode).toBe(2)
  expect(documentOf(run).error.message).toContain('integer')
})
