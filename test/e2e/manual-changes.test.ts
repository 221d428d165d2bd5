import { afterEach, describe, expect, test } from 'vitest'
import { HELM_MAJORS, pathWithTools } from '../../scripts/tools.js'
import type { CommandOutcome } from '../../soak/canary-workers.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

let cli: SandboxCli | undefined
afterEach(async () => {
  await cli?.close()
  cli = undefined
})

function canary(args: string[], env: Record<string, string> = {}): Promise<CommandOutcome> {
  return cli!.canary([...args, '--json'], { env })
}

/** Runs canary, demands exit 0, and gives back the document. */
async function done(args: string[], env?: Record<string, string>): Promise<any> {
  const { exitCode, stdout, stderr } = await canary(args, env)
  const failure = exitCode === 0 ? '' : stderr + stdout
  expect({ args, exitCode, failure }).toEqual({ args, exitCode: 0, failure: '' })
  return JSON.parse(stdout)
}

/** Runs canary, demands a refusal that changed nothing, and gives back the error. */
async function refused(args: string[]): Promise<any> {
  const before = (await cli!.helm(['history', 'echo', '-n', 'echo', '-o', 'json'])).stdout
  const { exitCode, stdout, stderr } = await canary(args)
  expect({ args, exitCode, stderr: exitCode === 6 ? '' : stderr }).toEqual({ args, exitCode: 6, stderr: '' })
  expect((await cli!.helm(['history', 'echo', '-n', 'echo', '-o', 'json'])).stdout).toBe(before)
  return JSON.parse(stdout).error
}

async function kubectl(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await cli!.kubectl([...args, '-n', 'echo'])
  expect({ args, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ args, exitCode: 0, stderr: '' })
  return stdout
}

/** Edits the RouteTable as somebody would who forces it: half of the requests go to v2, and the gateway loses the label. */
async function applyOtherRoutes(): Promise<void> {
  const { metadata, spec, ...rest } = JSON.parse(
    await kubectl('get', 'routetable', 'echo-routes', '-o', 'json'),
  )
  const { name, namespace, labels } = metadata
  for (const destination of spec.routes[1].routeAction.multi.destinations) destination.weight = 50
  const edited = { ...rest, metadata: { name, namespace, labels: { ...labels, apiGroup: 'other' } }, spec }
  const { exitCode, stderr } = await cli!.kubectl(
    ['apply', '--server-side', '--force-conflicts', '--validate=false', '-f', '-'],
    JSON.stringify(edited),
  )
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' })
}

describe.each(HELM_MAJORS)('with Helm %i', (major) => {
  test('changes made by hand are shown and refused, and taken over where that is said', async () => {
    cli = await startSandboxCli(major, QUICK)
    await done(['install', 'echo', 'v1', '--with-virtual-service'])
    await done(['start', 'echo', 'v2'])

    await applyOtherRoutes()
    const routes = await refused(['shift', 'echo', '10'])
    expect(routes.details).toEqual([
      expect.stringMatching(
        /^RouteTable echo-routes: metadata.labels.apiGroup is "other", deployed was "example" \(kubectl, at /,
      ),
      expect.stringMatching(
        /^RouteTable echo-routes: spec.routes\[1\].routeAction.multi.destinations\[0\].weight is 50, deployed was 100 \(kubectl, at /,
      ),
      expect.stringMatching(/destinations\[1\].weight is 50, deployed was 0 \(kubectl, at /),
    ])
    expect(routes.state).toContain('check with canary verify echo')
    expect(routes.nextSteps).toContainEqual(expect.stringMatching(/^canary shift echo 10 --take-over /))
    expect((await done(['status', 'echo'])).differences).toHaveLength(3)
    expect((await done(['shift', 'echo', '10', '--take-over'])).stage).toMatchObject({ weight: 10 })

    await kubectl('scale', 'deployment', 'echo-v1', '--replicas=2')
    expect((await refused(['shift', 'echo', '20'])).details).toEqual([
      expect.stringMatching(/^Deployment echo-v1: spec.replicas is 2, deployed was 1 \(kubectl, at /),
    ])
    await kubectl('delete', 'deployment', 'echo-v2')
    const gone = await refused(['shift', 'echo', '20'])
    expect(gone.details).toContain('Deployment echo-v2 is gone: somebody deleted it')
    expect(gone.state).toContain('v2 gets requests and has no pods now')
    expect((await done(['shift', 'echo', '20', '--take-over'])).stage).toMatchObject({ weight: 20 })
    expect((await done(['status', 'echo'])).differences).toEqual([])
  })

  test.runIf(major === HELM_MAJORS.at(-1))(
    'the way back works whatever was changed by hand, with another Helm too',
    async () => {
      cli = await startSandboxCli(major, QUICK)
      await done(['install', 'echo', 'v1', '--with-virtual-service'])
      await done(['start', 'echo', 'v2'])
      await applyOtherRoutes()
      await kubectl('delete', 'deployment', 'echo-v1')
      await kubectl(
        'label',
        'service',
        'echo',
        'helm.toolkit.fluxcd.io/name=echo',
        'helm.toolkit.fluxcd.io/namespace=apps',
      )

      const flux = await refused(['shift', 'echo', '10'])
      expect(flux.message).toContain("Flux's HelmRelease echo in namespace apps is in charge of echo")
      expect(flux.nextSteps[0]).toMatch(/^flux suspend helmrelease echo -n apps /)
      const { stdout } = await canary(['doctor', 'echo'])
      expect(JSON.parse(stdout).findings).toContainEqual(
        expect.objectContaining({ check: 'changed by hand', remedy: expect.stringContaining('--take-over') }),
      )

      const other = await pathWithTools(major === 3 ? 4 : 3)
      expect((await done(['abort', 'echo'], { PATH: other })).stage).toEqual({
        name: 'stable',
        primary: 'v1',
      })

      await cli.kubectl(['delete', 'namespace', 'echo'])
      expect(await refused(['status', 'echo'])).toMatchObject({
        message: 'There is no release named echo in any namespace.',
      })
      expect(await refused(['status', '-n', 'echo'])).toMatchObject({
        message: 'There is no namespace echo.',
      })
      const { exitCode, stdout: said } = await canary(['start', 'echo', 'v2'])
      expect(exitCode).toBe(6)
      expect(JSON.parse(said).error.nextSteps[0]).toBe('canary install echo VERSION')
      expect((await done(['install', 'echo', 'v1'])).stage.name).toBe('stable')
    },
  )
})
