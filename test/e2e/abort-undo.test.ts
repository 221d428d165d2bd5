import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'
import { EACH_ONCE, GATEWAY_API } from '../support/providers.js'
import { startTraffic } from '../support/traffic.js'

const chart = fileURLToPath(new URL('../../chart', import.meta.url))

let cli: SandboxCli
afterEach(async () => {
  await cli.close()
})

const expectExit = (exitCode: number, ...args: string[]): Promise<any> => cli.document(exitCode, args)

async function stage(): Promise<any> {
  return (await expectExit(0, 'status', 'echo')).stage
}

async function deployments(): Promise<string[]> {
  const { stdout } = await cli.kubectl(['get', 'deployments', '-n', 'echo', '-o', 'name'])
  return stdout.split('\n').filter(Boolean).sort()
}

const STABLE = { name: 'stable', primary: 'v1' }
const ONLY_V1 = ['deployment.apps/echo-v1']

describe.each(EACH_ONCE)(
  'the way back, with Helm $major and $provider',
  ({ major, provider, install, url, routeKind }) => {
    beforeEach(async () => {
      cli = await startSandboxCli(major, QUICK)
      await expectExit(0, 'install', 'echo', 'v1', ...install)
    })

    // What abort plans is up to the stage, not to Helm's version: each stage once, with each Helm some.
    const isGateway = provider === GATEWAY_API.provider
    const stages = isGateway ? ['weighted', 'shifted'] : ['header', 'weighted']
    test(`abort from ${stages.join(' and ')}: only the primary is left, and no request fails`, async () => {
      const users = startTraffic(`${url(cli.sandbox)}/echo`, 50)
      const ways: [string, string[][]][] = [
        ['header', [['start', 'echo', 'v2']]],
        [
          'weighted',
          [
            ['start', 'echo', 'v2'],
            ['shift', 'echo', '50'],
          ],
        ],
        [
          'shifted',
          [
            ['start', 'echo', 'v2'],
            ['shift', 'echo', '100'],
          ],
        ],
      ]
      for (const [from, commands] of ways.filter(([from]) => stages.includes(from))) {
        for (const args of commands) await expectExit(0, ...args)
        expect((await stage()).name).toBe(from)
        const aborted = await expectExit(0, 'abort', 'echo')
        expect(aborted.stage).toEqual(STABLE)
        expect(aborted.plan.steps.map(({ name }: any) => name)).toEqual(['route-back', 'remove-canary'])
        expect(await deployments()).toEqual(ONLY_V1)
      }
      expect(await expectExit(0, 'abort', 'echo')).toMatchObject({ changed: false, stage: STABLE })
      expect((await users.stop()).failures).toEqual({})
    })

    test.runIf(!isGateway)(
      'a start whose pods never get ready leaves traffic as it was, and abort leaves only the primary',
      async () => {
        cli.sandbox.faults.add({ kind: 'crash', app: 'echo', version: 'v2' })
        const users = startTraffic(`${url(cli.sandbox)}/echo`, 50)
        const { error } = await expectExit(5, 'start', 'echo', 'v2', '--timeout', '2s')
        expect(error.message).toContain('CrashLoopBackOff')
        expect(error.state).toContain('every request goes to v1')
        expect(error.nextSteps.join('\n')).toContain('canary abort echo')
        const aborted = await expectExit(0, 'abort', 'echo')
        expect(aborted.plan.steps.map(({ name }: any) => name)).toEqual(['remove-canary'])
        expect(await deployments()).toEqual(ONLY_V1)

        const { error: gone } = await expectExit(
          7,
          ...['start', 'echo', 'v2', '--timeout', '2s', '--on-failure', 'abort'],
        )
        expect(gone.message).toContain('Rolled back and verified')
        expect(await stage()).toEqual(STABLE)
        expect(await deployments()).toEqual(ONLY_V1)
        const { failures, bodies } = await users.stop()
        expect(failures).toEqual({})
        expect(Object.keys(bodies)).toEqual(['version:echo-v1'])
      },
    )

    test('a helm that failed in the middle is explained, recovered, and aborted from', async () => {
      await expectExit(0, 'start', 'echo', 'v2')
      const users = startTraffic(`${url(cli.sandbox)}/echo`, 50)
      const forbidden = cli.sandbox.faults.add({ kind: 'forbid', verb: 'patch', resource: routeKind })
      const { error } = await expectExit(5, 'shift', 'echo', '25')
      expect(error.nextSteps.join('\n')).toContain('canary shift echo 25 --recover    (back to revision 3')
      cli.sandbox.faults.remove(forbidden.id)

      expect((await stage()).name).toBe('header')
      const { error: explained } = await expectExit(6, 'shift', 'echo', '25')
      expect(explained.message).toContain('Revision 4 of echo is failed')
      expect((await expectExit(0, 'shift', 'echo', '25', '--recover')).stage).toMatchObject({ weight: 25 })

      const again = cli.sandbox.faults.add({ kind: 'forbid', verb: 'patch', resource: routeKind })
      await expectExit(5, 'shift', 'echo', '50')
      cli.sandbox.faults.remove(again.id)
      expect((await expectExit(0, 'abort', 'echo')).stage).toEqual(STABLE)
      expect(await deployments()).toEqual(ONLY_V1)
      expect((await users.stop()).failures).toEqual({})
    })

    test.runIf(!isGateway)(
      'an install that failed is removed by abort, or installed anew with --recover',
      async () => {
        const forbidden = cli.sandbox.faults.add({ kind: 'forbid', verb: 'create', resource: 'upstreams' })
        const patch = cli.sandbox.faults.add({ kind: 'forbid', verb: 'patch', resource: 'upstreams' })
        await expectExit(5, 'install', 'golf', 'v1')
        expect((await expectExit(0, 'abort', 'golf')).stage).toEqual({ name: 'absent' })
        const records = await cli.kubectl(['get', 'secrets,deployments', '-n', 'golf', '-o', 'name'])
        expect(records.stdout).toBe('')
        await expectExit(5, 'install', 'golf', 'v1')
        cli.sandbox.faults.remove(forbidden.id)
        cli.sandbox.faults.remove(patch.id)
        await expectExit(6, 'install', 'golf', 'v1')
        expect((await expectExit(0, 'install', 'golf', 'v1', '--recover')).stage).toEqual(STABLE)
      },
    )

    test.runIf(!isGateway)(
      'a canary that never started is removed, though the answers of the app name no version',
      async () => {
        const values = path.join(cli.home, 'nameless.json')
        await writeFile(values, JSON.stringify({ app: { args: ['-listen=:8080', '-text=hello'] } }))
        await expectExit(0, 'install', 'mute', 'v1', '-f', values)
        cli.sandbox.faults.add({ kind: 'crash', app: 'mute', version: 'v2' })
        await expectExit(5, 'start', 'mute', 'v2', '--timeout', '1s')
        const { steps } = (await expectExit(0, 'abort', 'mute')).plan
        expect(steps.map(({ name }: { name: string }) => name)).toEqual(['remove-canary'])
      },
    )

    test.runIf(!isGateway)(
      'without a proxy the routes go back all the same; removal waits for the proof, or for a reason',
      async () => {
        await expectExit(0, 'start', 'echo', 'v2')
        await expectExit(0, 'shift', 'echo', '50')
        const down = cli.sandbox.faults.add({ kind: 'proxy-down' })
        const { error } = await expectExit(4, 'abort', 'echo', '--verify-timeout', '2s')
        expect(error.state).toContain('deployed: v2 stands beside v1')
        expect(error.nextSteps.join('\n')).toContain('canary abort echo --unverified REASON')
        expect(await deployments()).toHaveLength(2)
        await expectExit(0, 'abort', 'echo', '--unverified', 'the proxy is being replaced')
        cli.sandbox.faults.remove(down.id)
        expect(await deployments()).toEqual(ONLY_V1)
        const { stdout } = await cli.helm(['history', 'echo', '-n', 'echo', '-o', 'json'])
        expect(JSON.parse(stdout).at(-1).description).toContain('unverified: the proxy is being replaced')
        expect(await expectExit(0, 'verify', 'echo')).toMatchObject({ proof: { verdict: 'pass' } })
      },
    )

    test.runIf(!isGateway)(
      'what a failed helm left behind goes with the next abort; what is of others stays, and is named',
      async () => {
        await installWorker()
        await labelledByHand()
        const forbidden = cli.sandbox.faults.add({ kind: 'forbid', verb: 'patch', resource: routeKind })
        await expectExit(5, 'start', 'echo', 'v2')
        cli.sandbox.faults.remove(forbidden.id)
        const v1 = { deployment: { v1: {} }, routes: { apiGroup: 'example', primary: { version: 'v1' } } }
        const forgets = ['upgrade', 'echo', chart, '-n', 'echo', '-f', '-']
        expect(await cli.helm(forgets, JSON.stringify(v1))).toMatchObject({ exitCode: 0 })
        expect(await deployments()).toEqual(['echo-v2', ...OF_OTHERS, 'echo-v1'].sort().map(named))

        const { orphans, neighbours } = await expectExit(0, 'status', 'echo')
        expect(orphans).toEqual(['echo-v2'])
        expect(neighbours.map(({ name, ready, getsRequests }: any) => [name, ready, getsRequests])).toEqual(
          expect.arrayContaining([
            ['echo-v0', 1, false],
            ['worker-2024', 2, false],
            ['worker-v1', 2, true],
          ]),
        )
        const doctor = await cli.canary(['doctor', 'echo'])
        expect(doctor.stdout).toContain(
          "2 pods of Deployment worker-v1 (Helm release echo/echo-worker) match the app's selector",
        )
        expect(doctor.stdout).not.toContain('kubectl delete')

        const aborted = await cli.canary(['abort', 'echo'])
        expect(aborted).toMatchObject({
          exitCode: 0,
          stderr: expect.stringContaining('removing Deployment echo-v2'),
        })
        expect(aborted.stderr).not.toContain('removing Deployment worker')
        for (const owner of [
          'Deployment worker-2024 (Helm release echo/echo-worker)',
          'Deployment echo-v0 (no Helm release',
        ])
          expect(aborted.stderr).toContain(owner)
        expect(await deployments()).toEqual(['echo-v1', ...OF_OTHERS].sort().map(named))

        await expectExit(0, 'start', 'echo', 'v2')
        const finished = await cli.canary(['finish', 'echo', 'v2', '--jump'])
        expect(finished).toMatchObject({
          exitCode: 0,
          stderr: expect.stringContaining('Deployment worker-v1 (Helm'),
        })
        expect(await deployments()).toEqual(['echo-v2', ...OF_OTHERS].sort().map(named))
      },
    )
  },
)

const OF_OTHERS = ['worker-2024', 'worker-v1', 'echo-v0']
const named = (name: string) => `deployment.apps/${name}`

/** Two ready pods with the labels of echo's. */
function worker(name: string, version: string, replicas = 2): object {
  const labels = { app: 'echo', version, part: name }
  const container = { name, image: 'hashicorp/http-echo', args: ['-listen=:8080', '-text=version:echo-v1'] }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'echo' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ ...container, ports: [{ containerPort: 8080 }] }] },
      },
    },
  }
}

/** A second release in echo's namespace: of one of its Deployments the version is the one that serves. */
async function installWorker(): Promise<void> {
  const folder = path.join(cli.home, 'worker')
  await mkdir(path.join(folder, 'templates'), { recursive: true })
  await writeFile(path.join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: worker\nversion: 0.1.0\n')
  const objects = [worker('worker-2024', '2024.1'), worker('worker-v1', 'v1')]
  const manifest = objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('')
  await writeFile(path.join(folder, 'templates', 'all.yaml'), manifest)
  expect(await cli.helm(['install', 'echo-worker', folder, '-n', 'echo', '--wait'])).toMatchObject({
    exitCode: 0,
  })
}

/** A Deployment that no release has, under a name that the chart could have given. */
async function labelledByHand(): Promise<void> {
  const object = JSON.stringify(worker('echo-v0', 'v0', 1))
  expect(await cli.kubectl(['apply', '-f', '-'], object)).toMatchObject({ exitCode: 0 })
  await cli.kubectl(['rollout', 'status', 'deployment/echo-v0', '-n', 'echo'])
}
