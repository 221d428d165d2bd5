import { cp, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CommandOutcome } from '../../soak/canary-workers.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'
import { EACH_ONCE_SWAPPED, GLOO } from '../support/providers.js'
import { startTraffic } from '../support/traffic.js'

const bundled = fileURLToPath(new URL('../../chart', import.meta.url))

let cli: SandboxCli
afterEach(async () => {
  await cli.close()
})

const canary = (...args: string[]): Promise<CommandOutcome> => cli.canary(args)
const expectExit = (exitCode: number, ...args: string[]): Promise<any> => cli.document(exitCode, args)

async function replaceIn(file: string, text: string, by: string): Promise<void> {
  const before = await readFile(file, 'utf8')
  expect(before).toContain(text)
  await writeFile(file, before.replace(text, by))
}

/** The bundled chart's next version: its pods have a label that a new value sets, for all versions of the app. */
async function nextChart(): Promise<string> {
  const chart = path.join(cli.home, 'next-chart')
  await cp(bundled, chart, { recursive: true })
  await replaceIn(path.join(chart, 'Chart.yaml'), 'version: 0.1.0', 'version: 0.2.0')
  await replaceIn(path.join(chart, 'values.yaml'), '\nupstream: {}', '\nteam: none\n\nupstream: {}')
  const schema = path.join(chart, 'values.schema.json')
  await replaceIn(schema, '"upstream": {', '"team": { "type": "string" },\n    "upstream": {')
  const deployment = path.join(chart, 'templates/deployment.yaml')
  await replaceIn(deployment, '    spec:\n', '        team: {{ quote $.Values.team }}\n    spec:\n')
  return chart
}

/** Pods that are not on their way out. */
async function podNames(): Promise<string[]> {
  const { stdout } = await cli.kubectl(['get', 'pods', '-n', 'echo', '-o', 'json'])
  const pods: { metadata: { name: string; deletionTimestamp?: string } }[] = JSON.parse(stdout).items
  return pods.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.name)
}

describe.each(EACH_ONCE_SWAPPED)(
  'upgrade, with Helm $major and $provider',
  ({ major, install, url, routes }) => {
    beforeEach(async () => {
      cli = await startSandboxCli(major, QUICK)
      await expectExit(0, 'install', 'echo', 'v1', ...install)
    })

    test('a new chart with a value that restarts pods, and the way back: no request fails', async () => {
      const chart = await nextChart()
      const users = startTraffic(`${url(cli.sandbox)}/echo`, 50)
      const oldPods = await podNames()

      const dry = await canary('upgrade', 'echo', '--chart', chart, '--set', 'team=blue', '--dry-run')
      expect(dry.exitCode).toBe(0)
      for (const line of [
        '+ team: "blue"',
        'chart gloo-app 0.1.0 → gloo-app 0.2.0',
        'Deployment echo-v1 changes',
        '+ spec.template.metadata.labels.team: "blue"',
        'pods of v1 are replaced',
      ]) {
        expect(dry.stdout).toContain(line)
      }

      const up = await expectExit(0, 'upgrade', 'echo', '--chart', chart, '--set', 'team=blue')
      expect(up).toMatchObject({
        changed: true,
        revision: 2,
        stage: { name: 'stable', primary: 'v1' },
        undo: 'canary upgrade echo --revision 1',
      })
      expect(up.proofs.map(({ step, proof }: any) => [step, proof.verdict])).toEqual([
        [undefined, 'pass'],
        ['upgrade', 'pass'],
      ])
      expect((await podNames()).filter((name) => oldPods.includes(name))).toEqual([])

      expect(await expectExit(0, 'upgrade', 'echo', '--chart', chart)).toMatchObject({ changed: false })

      const back = await expectExit(0, 'upgrade', 'echo', '--revision', '1')
      expect(back).toMatchObject({ changed: true, revision: 3 })
      const { stdout } = await cli.helm(['get', 'values', 'echo', '-n', 'echo', '-o', 'json'])
      expect(JSON.parse(stdout)).toEqual({
        deployment: { v1: {} },
        routes: { ...routes, primary: { version: 'v1' } },
      })
      expect((await users.stop()).failures).toEqual({})
    })
  },
)

describe('upgrade, with either Helm', () => {
  beforeEach(async () => {
    cli = await startSandboxCli(4, QUICK)
    await expectExit(0, 'install', 'echo', 'v1', ...GLOO.install)
  })

  test('pods that do not come up: why, traffic as it was, and the way back', async () => {
    const chart = await nextChart()
    const users = startTraffic(`${cli.sandbox.proxyUrl}/echo`, 50)
    await replaceIn(
      path.join(chart, 'templates/_config.tpl'),
      'hashicorp/http-echo',
      'hashicorp/http-echo:missing',
    )
    const failed = await canary('upgrade', 'echo', '--chart', chart, '--timeout', '2s')

    expect(failed).toMatchObject({ exitCode: 5 })
    expect(failed.stderr).toMatch(/now .*revision 2, stable: every request goes to v1/)
    expect(failed.stderr).toContain('canary upgrade echo --revision 1    (roll back)')

    expect(await expectExit(0, 'upgrade', 'echo', '--revision', '1')).toMatchObject({ revision: 3 })
    expect((await users.stop()).failures).toEqual({})
  })

  test('versions and routes are refused, files that repeat them are not; off stable there is no upgrade', async () => {
    const file = path.join(cli.home, 'base.yaml')
    await writeFile(
      file,
      'deployment: {v1: {}}\nroutes: {primary: {version: v1}}\nupstream: {fallbackPolicy: NO_FALLBACK}\n',
    )

    const refused = await expectExit(2, 'upgrade', 'echo', '--set', 'deployment.v1.replicas=2')
    expect(refused.error).toMatchObject({
      message: expect.stringContaining('deployment.v1.replicas in --set differs from the deployed one'),
      nextSteps: [expect.stringContaining('canary start echo'), expect.any(String)],
    })
    const repeated = await expectExit(0, 'upgrade', 'echo', '-f', file)
    expect(repeated).toMatchObject({ changed: true, revision: 2 })
    expect(repeated.plan.steps[0].changes).toEqual({
      objects: [
        {
          kind: 'Upstream',
          name: 'echo',
          change: 'changed',
          fields: [{ path: 'spec.kube.subsetSpec.fallbackPolicy', after: 'NO_FALLBACK' }],
        },
      ],
      restarts: [],
    })
    expect(await expectExit(0, 'upgrade', 'echo', '-f', file)).toMatchObject({ changed: false })
    await expectExit(2, 'upgrade', 'echo', '--set', 'routes.apiGroup=nobody')
    await expectExit(2, 'upgrade', 'echo', '--revision', '9')
    await expectExit(2, 'upgrade', 'echo', '--chart', cli.home)

    await expectExit(0, 'start', 'echo', 'v2')
    const rolling = await expectExit(6, 'upgrade', 'echo', '-f', file)
    expect(rolling.error.nextSteps.join('\n')).toMatch(/canary finish echo.*\n.*canary abort echo/)
  })
})
