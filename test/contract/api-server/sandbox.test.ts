import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { HELM_MAJORS } from '../../../scripts/tools.js'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import { routeTable, single, upstream, virtualService } from '../routing/objects.js'
import { writeChart } from './cluster.js'
import { type SandboxCli, startSandboxCli } from '../../support/sandbox-cli.js'

let cli: SandboxCli

async function kubectl(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await cli.kubectl(args)
  expect({ args, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ args, exitCode: 0, stderr: '' })
  return stdout
}

async function apply(object: object, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await cli.kubectl(['apply', '-f', '-', ...args], JSON.stringify(object))
  return stdout + stderr
}

const deployment = (name: string) => cli.sandbox.store.get(RESOURCES.deployments, 'default', name)

describe('kubectl and the whole sandbox', () => {
  beforeAll(async () => {
    cli = await startSandboxCli(4, { podStartMs: 10, drainMs: 300 })
  })
  afterEach(() => cli.sandbox.faults.clear())
  afterAll(() => cli.close())

  test('an autoscaler raises what is below its minimum, in its own name', async () => {
    await kubectl('create', 'deployment', 'scaled', '--image=hashicorp/http-echo')
    await kubectl('autoscale', 'deployment', 'scaled', '--min=2', '--max=3', '--cpu-percent=80')
    await kubectl('rollout', 'status', 'deployment/scaled', '--timeout=120s')
    await vi.waitUntil(() => deployment('scaled')?.status?.readyReplicas === 2, { timeout: 60_000 })
    expect(deployment('scaled')?.metadata.managedFields).toContainEqual(
      expect.objectContaining({
        manager: 'horizontal-pod-autoscaler',
        subresource: 'scale',
        operation: 'Update',
      }),
    )
    await kubectl('scale', 'deployment/scaled', '--replicas=9')
    await vi.waitUntil(() => deployment('scaled')?.status?.readyReplicas === 3, { timeout: 60_000 })
    expect(await kubectl('get', 'hpa')).toMatch(/^scaled +Deployment\/scaled +<none> +2 +3 +3 /m)
    expect(await kubectl('get', 'events', '--field-selector', 'reason=SuccessfulRescale')).toContain(
      'New size: 3; reason: Current number of replicas above Spec.MaxReplicas',
    )
  })

  test('a Lease has micro times, and is replaced only by who read its last state', async () => {
    const lease = (spec: object) => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'lock', namespace: 'default' },
      spec: { holderIdentity: 'ann', leaseDurationSeconds: 15, ...spec },
    })
    expect(await apply(lease({ renewTime: '2026-01-01T10:00:00.123Z' }))).toContain(
      'parsing time "2026-01-01T10:00:00.123Z" as "2006-01-02T15:04:05.000000Z07:00"',
    )
    const good = lease({ renewTime: '2026-01-01T10:00:00.123456Z' })
    await apply(good)
    expect(await kubectl('get', 'leases')).toMatch(/^lock +ann +\d+s$/m)
    const put = async (resourceVersion?: string) => {
      const { status } = await fetch(
        `${cli.sandbox.apiUrl}/apis/coordination.k8s.io/v1/namespaces/default/leases/lock`,
        {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ ...good, metadata: { ...good.metadata, resourceVersion } }),
        },
      )
      return status
    }
    expect([await put(), await put('1')]).toEqual([422, 409])
    expect(await apply(lease({ leaseDurationSeconds: 0 }))).toContain('must be greater than 0')
  })

  test('a namespace that is deleted takes nothing new, ends what is in it, and is gone', async () => {
    await kubectl('create', 'namespace', 'echo')
    await kubectl('create', 'deployment', 'web', '--image=hashicorp/http-echo', '-n', 'echo')
    await kubectl('rollout', 'status', 'deployment/web', '-n', 'echo', '--timeout=120s')
    await kubectl('delete', 'namespace', 'echo', '--wait=false')
    // Its pods drain meanwhile; asked in one breath, before they are gone.
    const { stderr } = await cli.kubectl(
      ['create', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'echo' } }),
    )
    expect(stderr).toMatch(
      /unable to create new content in namespace echo because it is being terminated|"echo" not found/,
    )
    await kubectl('wait', '--for=delete', 'namespace/echo', '--timeout=120s')
    expect(await kubectl('get', 'all', '-n', 'echo')).toBe('')
  })

  test('what failing pods leave behind: events, and the logs of the run before', async () => {
    cli.sandbox.faults.add({ kind: 'crash', app: 'bad', version: 'v1' })
    const template = {
      metadata: { labels: { app: 'bad', version: 'v1' } },
      spec: { containers: [{ name: 'bad', image: 'hashicorp/http-echo' }] },
    }
    await apply({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'bad' },
      spec: { selector: { matchLabels: { app: 'bad' } }, template },
    })
    await expect.poll(() => kubectl('get', 'pods', '-l', 'app=bad')).toContain('CrashLoopBackOff')
    expect(await kubectl('logs', 'deployment/bad')).toContain('panic: an ordered crash')
    expect(await kubectl('logs', 'deployment/bad', '--previous')).toContain('panic: an ordered crash')
    expect(await kubectl('get', 'events', '--field-selector', 'type=Warning')).toMatch(
      /BackOff +pod\/bad-\S+ +Back-off restarting failed container bad in pod bad-/,
    )
  })

  test('strict admission denies every way of writing, rehearsed or not, and deletions', async () => {
    await kubectl('create', 'namespace', 'gw')
    const inGw = (object: object): object =>
      JSON.parse(JSON.stringify(object).replaceAll('"namespace":"echo"', '"namespace":"gw"'))
    const good = inGw(routeTable('echo', [single('echo', 'v1')]))
    const bad = inGw(routeTable('echo', [single('gone', 'v1')]))
    await apply({ ...virtualService(), metadata: { name: 'app', namespace: 'gw' } })
    await apply(inGw(upstream('echo')))
    await apply(good)
    cli.sandbox.faults.add({ kind: 'strict-admission' })
    const denied =
      /admission webhook "gloo\.gloo-system\.svc" denied the request: resource incompatible with current Gloo snapshot: \[Validating \*v1\.RouteTable failed: .*\*v1\.Upstream \{ gone\.gone \} not found\]/
    for (const args of [[], ['--dry-run=server'], ['--server-side', '--force-conflicts']])
      expect(await apply(bad, ...args)).toMatch(denied)
    const patch = JSON.stringify((bad as { spec: object }).spec)
    const patched = await cli.kubectl([
      'patch',
      'rt',
      'echo-routes',
      '-n',
      'gw',
      '--type=merge',
      '-p',
      `{"spec":${patch}}`,
    ])
    expect(patched.stderr).toMatch(denied)
    expect((await cli.kubectl(['replace', '-f', '-'], JSON.stringify(bad))).stderr).toMatch(denied)
    for (const kind of ['upstream/echo', 'routetable/echo-routes'])
      expect((await cli.kubectl(['delete', kind, '-n', 'gw'])).stderr).toMatch(/denied the request/)
    expect(await apply(good, '--dry-run=server')).toContain('unchanged (server dry run)')
  })
})

describe.each(HELM_MAJORS)('Helm %i after a change by hand', (major) => {
  const CHANGE = ['--set', 'prefix=/new,env.A=2']
  beforeAll(async () => {
    cli = await startSandboxCli(major, { podStartMs: 10, drainMs: 10 })
    const chart = await writeChart(cli.home)
    expect(await cli.helm(['install', 'tiny', chart])).toMatchObject({ exitCode: 0 })
  })
  afterAll(() => cli.close())

  test(major === 4 ? 'stops at the conflict' : 'overwrites or keeps it, and says nothing', async () => {
    const { spec, ...table } = JSON.parse(await kubectl('get', 'rt', 'tiny', '-o', 'json'))
    spec.routes[0].matchers[0].prefix = '/by-hand'
    const byHand = { ...table, metadata: { name: 'tiny' }, spec, status: undefined }
    expect(await apply(byHand, '--server-side', '--force-conflicts')).toContain('serverside-applied')
    const upgraded = await cli.helm(['upgrade', 'tiny', `${cli.home}/chart`, ...CHANGE])
    const prefix = cli.sandbox.store.get(RESOURCES.routetables, 'default', 'tiny')!.spec.routes[0].matchers[0]
      .prefix
    if (major === 3) {
      expect(upgraded).toMatchObject({ exitCode: 0 })
      expect(prefix).toBe('/new')
      return
    }
    expect(upgraded.exitCode).toBe(1)
    expect(upgraded.stderr).toContain('Apply failed with 1 conflict: conflict with "kubectl"')
    expect(upgraded.stderr).toContain('.spec.routes')
    expect(prefix).toBe('/by-hand')
    const history: { status: string }[] = JSON.parse(
      (await cli.helm(['history', 'tiny', '-o', 'json'])).stdout,
    )
    expect(history.at(-1)?.status).toBe('failed')
  })
})
