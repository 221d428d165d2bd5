import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'
import { EACH_ONCE, GLOO } from '../support/providers.js'
import { startTraffic } from '../support/traffic.js'

let cli: SandboxCli | undefined
afterEach(async () => {
  await cli?.close()
  cli = undefined
})

const json = (...args: string[]): Promise<any> => cli!.document(0, args, { env: { CANARY_PROBE_RATE: '0' } })

/** `regular 459/459 v1` for every check of the last proof of a result. */
function lastProof(result: any): string[] {
  return result.proofs.at(-1).proof.checks.map((check: any) => {
    const [version, count] = Object.entries(check.byVersion)[0] as [string, number]
    return `${check.expectation.kind} ${count}/${check.sent} ${version}`
  })
}

describe.each(EACH_ONCE)(
  'with Helm $major and $provider',
  ({ major, provider, install, url, routes, kinds }) => {
    test('echo goes through the six steps beside an untouched foxtrot, and no request fails', async () => {
      cli = await startSandboxCli(major, { ownProcesses: major === 3 })
      const proxies = url(cli.sandbox)
      const installed = await json('install', 'echo', 'v1', ...install)
      expect(installed.stage).toEqual({ name: 'stable', primary: 'v1' })
      await json('install', 'foxtrot', 'v1', ...install)
      const foxtrotBefore = await cli.helm(['get', 'manifest', 'foxtrot', '-n', 'foxtrot'])

      const echoUsers = startTraffic(`${proxies}/echo`, 100)
      const testers = startTraffic(`${proxies}/echo`, 50, undefined, { stage: 'canary' })
      const foxtrotUsers = startTraffic(`${proxies}/foxtrot`, 20)

      const eventFile = path.join(cli.home, 'events.jsonl')
      const started = await json('start', 'echo', 'v2', '--events', eventFile)
      const told = (await readFile(eventFile, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(new Set(told.map(({ runId }) => runId)).size).toBe(1)
      expect(told.filter(({ type }) => type === 'upgraded').map(({ step }) => step)).toEqual([
        'deploy',
        'header',
      ])
      expect(told.at(-1)).toMatchObject({ app: 'echo', type: 'command-ended', outcome: 'done' })
      expect(started.proofs.map((proof: any) => proof.step)).toEqual(['deploy', 'header'])
      expect(started.stage).toEqual({
        name: 'header',
        primary: 'v1',
        canary: 'v2',
        headers: { stage: 'canary' },
      })
      expect(lastProof(started)).toEqual(['regular 459/459 v1', 'canary 459/459 v2'])

      const half = await json('shift', 'echo', '50')
      expect(half.stage).toMatchObject({ name: 'weighted', weight: 50 })
      const regular = half.proofs.at(-1).proof.checks[0]
      expect(regular.interval[0]).toBeGreaterThan(0.2)
      expect(regular.interval[1]).toBeLessThan(0.8)

      const all = await json('shift', 'echo', '100')
      expect(all.stage.name).toBe('shifted')
      expect(lastProof(all)).toEqual(['regular 459/459 v2', 'canary 459/459 v2'])

      const finished = await json('finish', 'echo', 'v2')
      expect(finished.stage).toEqual({ name: 'stable', primary: 'v2' })

      const values = JSON.parse(
        (await cli.helm(['get', 'values', 'echo', '-n', 'echo', '-o', 'json'])).stdout,
      )
      expect(values).toEqual({
        deployment: { v2: {} },
        routes: { ...routes, primary: { version: 'v2' } },
      })
      const pods = await cli.kubectl(['get', 'pods', '-n', 'echo', '-o', 'name'])
      expect(pods.stdout.split('\n').filter((name) => name.includes('echo-v1'))).toEqual([])

      const [echo, marked, foxtrot] = await Promise.all([
        echoUsers.stop(),
        testers.stop(),
        foxtrotUsers.stop(),
      ])
      expect(marked.failures).toEqual({})
      expect(echo.failures).toEqual({})
      expect(echo.sent).toBeGreaterThan(100)
      expect(Object.keys(echo.bodies).sort()).toEqual(['version:echo-v1', 'version:echo-v2'])
      expect(foxtrot.failures).toEqual({})
      expect(Object.keys(foxtrot.bodies)).toEqual(['version:foxtrot-v1'])
      expect(await cli.helm(['get', 'manifest', 'foxtrot', '-n', 'foxtrot'])).toEqual(foxtrotBefore)

      const gone = await json('uninstall', 'echo', '--idle-for', '1s')
      expect(gone).toMatchObject({ stage: { name: 'absent' }, proof: { requests: 0, probes: 30 } })
      const leftovers = `deployments,services,pods,${kinds},leases,secrets,configmaps`
      expect((await cli.kubectl(['get', leftovers, '-n', 'echo', '-o', 'name'])).stdout).toBe('')
      expect((await fetch(`${proxies}/echo`)).status).toBe(404)
      expect((await fetch(`${proxies}/foxtrot`)).status).toBe(200)
    })

    // No upgrade is made, so which Helm there is makes no difference.
    test.runIf(provider === GLOO.provider)(
      'every command again, once its target is reached, proves it and changes nothing',
      async () => {
        cli = await startSandboxCli(major, QUICK)
        for (const args of [
          ['install', 'echo', 'v1', ...install],
          ['start', 'echo', 'v2'],
          ['shift', 'echo', '50'],
          ['shift', 'echo', '100'],
          ['finish', 'echo', 'v2'],
        ]) {
          const first = await json(...args)
          const again = await json(...args)
          expect({ changed: again.changed, revision: again.revision, proofs: again.proofs.length }).toEqual({
            changed: false,
            revision: first.revision,
            proofs: 1,
          })
        }
      },
    )
  },
)
