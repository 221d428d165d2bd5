import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { HELM_MAJORS } from '../../scripts/tools.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

interface Pod {
  metadata: { name: string; deletionTimestamp?: string }
  status?: { conditions?: { type: string; status: string }[] }
}

let cli: SandboxCli
afterEach(() => cli.close())

const canary = (exitCode: number, ...args: string[]): Promise<any> => cli.document(exitCode, args)

async function replicas(): Promise<number> {
  const { stdout } = await cli.kubectl(
    'get deployment echo-v1 -n echo -o jsonpath={.spec.replicas}'.split(' '),
  )
  return Number(stdout)
}

/** Follows the pods of v1: how many of them were ready, each time that one changed. */
function watchReadyPods(): { counts: number[]; stop(): Promise<unknown> } {
  const args = 'get pods -n echo -l app=echo,version=v1 --watch --output-watch-events -o json'.split(' ')
  const watch = execa('kubectl', args, { env: cli.env, extendEnv: false, reject: false, buffer: false })
  const ready = new Set<string>()
  const counts: number[] = []
  const read = async () => {
    for await (const line of watch) {
      const { type, object } = JSON.parse(line) as { type: string; object: Pod }
      const { metadata, status } = object
      const isReady =
        status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false
      if (isReady && type !== 'DELETED' && !metadata.deletionTimestamp) ready.add(metadata.name)
      else ready.delete(metadata.name)
      counts.push(ready.size)
    }
  }
  const ended = read().catch(() => undefined)
  return {
    counts,
    stop: () => {
      watch.kill()
      return ended
    },
  }
}

describe.each(HELM_MAJORS)('with Helm %i, the pods that serve stay', (major) => {
  beforeEach(async () => {
    cli = await startSandboxCli(major, QUICK)
    await canary(0, 'install', 'echo', 'v1', '--with-virtual-service', '--set', 'app.replicas=4')
  })

  test('from replicas to an autoscaler, and back', async () => {
    const values = [
      'replicas=null',
      'autoscaling.minReplicas=2',
      'autoscaling.maxReplicas=10',
      'autoscaling.cpu=70',
    ]
    const sets = values.flatMap((text) => ['--set', `app.${text}`])
    const watch = watchReadyPods()

    const dry = await cli.canary(['upgrade', 'echo', ...sets, '--dry-run'])
    expect(dry.stdout).toContain('v1 keeps 4 pods throughout: autoscaler echo-v1 sets 2 to 10 from then on')
    expect(dry.exitCode).toBe(0)
    await canary(0, 'upgrade', 'echo', ...sets)
    expect(await replicas()).toBe(4)
    await canary(0, 'upgrade', 'echo', '--set', 'app.autoscaling.minReplicas=5')
    expect(await replicas()).toBe(5)

    // The autoscaler made 5 of them: a number chosen without knowing that takes none away.
    const back = ['upgrade', 'echo', '--set', 'app.autoscaling=null', '--set']
    const { error } = await canary(6, ...back, 'app.replicas=2')
    expect(error.message).toBe('5 pods of v1 serve; this upgrade leaves 2 (app.replicas).')
    await canary(0, ...back, 'app.replicas=6')
    expect(await replicas()).toBe(6)

    await vi.waitFor(() => expect(watch.counts.at(-1)).toBe(6), { timeout: 60_000 })
    await watch.stop()
    const { counts } = watch
    for (const least of [4, 5, 6])
      expect(counts.slice(counts.indexOf(least)).filter((n) => n < least)).toEqual([])
  })
})
