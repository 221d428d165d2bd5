import { afterEach, expect, describe, test } from 'vitest'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'
import { EACH_ONCE_SWAPPED } from '../support/providers.js'
import { startTraffic } from '../support/traffic.js'

let cli: SandboxCli | undefined
afterEach(async () => {
  await cli?.close()
  cli = undefined
})

const expectExit = (exitCode: number, ...args: string[]): Promise<any> =>
  cli!.document(exitCode, args, { env: { GITHUB_ACTOR: 'ann' } })

const steps = (result: any): string[] => result.plan.steps.map(({ name }: any) => name)

describe.each(EACH_ONCE_SWAPPED)(
  'undo, with Helm $major and $provider',
  ({ major, install, url, routes }) => {
    test('brings the old version back, and forth again, and the history tells it; no request fails', async () => {
      cli = await startSandboxCli(major, QUICK)
      await expectExit(0, 'install', 'echo', 'v1', ...install)
      const users = startTraffic(`${url(cli.sandbox)}/echo`, 50)
      await expectExit(0, 'start', 'echo', 'v2', '--set-version', 'replicas=2', '--header', 'beta=yes')
      expect((await expectExit(0, 'finish', 'echo', '--jump')).undo).toBe('canary undo echo v1')
      expect((await expectExit(2, 'undo', 'echo')).error.nextSteps.join()).toContain('canary undo echo v1')

      const { error: finished } = await expectExit(6, 'abort', 'echo')
      expect(finished.nextSteps.join()).toContain('canary undo echo v1')

      const undone = await expectExit(0, 'undo', 'echo', 'v1', '--scale', 'off')
      expect(steps(undone)).toEqual(['deploy', 'header', 'weight', 'weight', 'decommission'])
      expect(undone.stage).toEqual({ name: 'stable', primary: 'v1' })
      const again = await expectExit(0, 'undo', 'echo', 'v1', '--scale', 'off')
      expect(again).toMatchObject({ changed: false, revision: undone.revision })
      expect(again.proofs).toHaveLength(1)

      const back = await expectExit(0, 'undo', 'echo', 'v2', '--fast')
      expect(steps(back)).toEqual(['deploy', 'weight', 'decommission'])
      const values = JSON.parse(
        (await cli.helm(['get', 'values', 'echo', '-n', 'echo', '-o', 'json'])).stdout,
      )
      expect(values).toEqual({
        deployment: { v2: { replicas: 2 } },
        routes: { ...routes, primary: { version: 'v2' } },
      })
      const { failures, bodies } = await users.stop()
      expect(failures).toEqual({})
      expect(Object.keys(bodies).sort()).toEqual(['version:echo-v1', 'version:echo-v2'])

      // More than Helm's own ten: of the first rollout nothing is lost, until a plain helm trims it.
      const whole = await expectExit(0, 'history', 'echo')
      expect({ gaps: whole.gaps, first: whole.entries[0].revision }).toEqual({ gaps: [], first: 1 })
      await cli.helm(['rollback', 'echo', '8', '-n', 'echo'])
      const { entries, gaps } = await expectExit(0, 'history', 'echo')
      expect(gaps).toEqual([{ from: 1, to: 4 }])
      const by = (command: string) => ({
        command,
        who: expect.stringMatching(/^ann@/),
        proof: 'pass',
        byCanary: true,
      })
      expect(entries).toMatchObject([
        { ...by('finish echo'), stage: { name: 'stable', primary: 'v2' } },
        { ...by('undo echo v1'), stage: { name: 'deployed', primary: 'v2', canary: 'v1' } },
        { ...by('undo echo v1'), stage: { name: 'header', headers: { beta: 'yes' } } },
        { ...by('undo echo v1'), stage: { name: 'weighted' }, weight: 50 },
        { ...by('undo echo v1'), stage: { name: 'shifted' }, weight: 100 },
        { ...by('undo echo v1'), stage: { name: 'stable', primary: 'v1' } },
        { ...by('undo echo v2 --fast'), stage: { name: 'deployed' } },
        { ...by('undo echo v2 --fast'), stage: { name: 'shifted' } },
        { ...by('undo echo v2 --fast'), stage: { name: 'stable', primary: 'v2' }, status: 'superseded' },
        {
          what: 'rolled back to revision 8',
          byCanary: false,
          proof: 'not recorded',
          status: 'deployed',
          weight: 50,
        },
      ])
    })
  },
)
