import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { kubectlVersion } from '../../../../src/cluster/kube/kubectl.js'
import { startKubectl } from '../../../../src/cluster/kube/kubectl-process.js'
import type { ExternalError } from '../../../../src/model/errors.js'
import { startFakePath, type FakePath } from '../fake-program.js'

let programs: FakePath
beforeEach(async () => {
  programs = await startFakePath()
})
afterEach(() => programs.close())

const start = () => startKubectl(['proxy'], /^Starting to serve on (.*)/m, { kubeContext: 'staging' })

/** kubectl that knows two contexts, and otherwise ends with this on stderr. */
function failing(stderr: string): Promise<void> {
  return programs.program(
    'kubectl',
    `if (process.argv.includes('get-contexts')) console.log('kind\\nprod')
     else { console.error(${JSON.stringify(stderr)}); process.exitCode = 1 }`,
  )
}

test('what the line that says it serves holds', async () => {
  await programs.program(
    'kubectl',
    `console.log('Starting to serve on ' + process.argv.slice(2).join(' ')); setInterval(() => {}, 1000)`,
  )

  const service = await start()
  await service.close()

  expect(service.ready[1]).toBe('proxy --context staging')
})

describe('a kubectl that does not start: why, and what to do', () => {
  const cases: Record<string, { stderr: string; says: RegExp; remedy: RegExp }> = {
    'no such context': {
      stderr: 'error: context "staging" does not exist',
      says: /kubeconfig has no context "staging" \(it has kind, prod\)/,
      remedy: /--kube-context/,
    },
    'the current context is gone': {
      stderr: 'Error in configuration: context was not found for specified context: gone',
      says: /kubeconfig has no context "gone"/,
      remedy: /kubectl config get-contexts/,
    },
    'no such kubeconfig': {
      stderr: 'error: stat /k/config: no such file or directory',
      says: /cannot use the kubeconfig: stat \/k\/config: no such file/,
      remedy: /--kubeconfig/,
    },
    'a kubeconfig that is no YAML': {
      stderr: 'error: error loading config file "/k/config": yaml: line 1',
      says: /cannot use the kubeconfig: .*yaml: line 1/,
      remedy: /KUBECONFIG/,
    },
    'anything else': {
      stderr: 'panic: the moon is full',
      says: /kubectl ended: panic: the moon is full/,
      remedy: /kubectl cluster-info/,
    },
  }
  for (const [name, { stderr, says, remedy }] of Object.entries(cases)) {
    test(name, async () => {
      await failing(stderr)

      const error = (await start().catch((caught: unknown) => caught)) as ExternalError

      expect(error.outcome).toBe('external')
      expect(error.message).toMatch(says)
      expect(error.nextSteps.join('\n')).toMatch(remedy)
      expect(error).toMatchObject({ command: 'kubectl proxy --context staging', code: 1, stderr })
    })
  }

  test('no kubectl', async () => {
    await expect(start()).rejects.toMatchObject({
      message: expect.stringContaining('kubectl was not found on PATH'),
      nextSteps: [expect.stringContaining('install kubectl')],
    })
  })
})

describe('its version', () => {
  test('as it says', async () => {
    await programs.program('kubectl', `console.log('{"clientVersion":{"gitVersion":"v1.36.3"}}')`)

    expect(await kubectlVersion()).toBe('v1.36.3')
  })

  test('no kubectl', async () => {
    await expect(kubectlVersion()).rejects.toThrow(/kubectl was not found on PATH/)
  })

  test('one that does not work', async () => {
    await failing('cannot execute')

    await expect(kubectlVersion()).rejects.toThrow(/kubectl does not work: .*cannot execute/s)
  })
})
