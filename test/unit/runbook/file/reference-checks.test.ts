import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CanaryError } from '../../../../src/model/errors.js'
import { checkNames, checkReferences } from '../../../../src/runbook/file/reference-checks.js'
import { parseRunbook } from '../../../../src/runbook/file/parse.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'canary-checks-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const runbook = (text: string) =>
  parseRunbook(`apiVersion: canary/v1\nkind: Runbook\n${text}`, { file: path.join(folder, 'r.yaml') })

/** What is told, without the folder. */
async function told(text: string, contexts: Record<string, string[]> = {}): Promise<string[]> {
  const known = (kubeconfig = 'default') => Promise.resolve(contexts[path.basename(kubeconfig)] ?? [])
  const error = await checkReferences(runbook(text), known).then(
    () => undefined,
    (thrown: CanaryError) => thrown,
  )
  expect(error?.exitCode ?? 2).toBe(2)
  return (error?.details ?? []).map((line) => line.replace(`${folder}/`, ''))
}

describe('what a runbook names has to be there', () => {
  test('files of steps, for each app that they are for', async () => {
    await writeFile(path.join(folder, 'echo.yaml'), '')
    const text = [
      'apps: {echo: {}, golf: {}}',
      'steps:',
      '  - install: {version: v1, values: ["${app}.yaml"], chart: ./chart}',
      '  - install: {version: v1, chart: oci://registry.example/charts/echo, chartVersion: 1.2.0}',
      '  - start: {version: v2, versionValues: v2.yaml}',
      '    when: {app: echo}\n',
    ].join('\n')
    expect(await told(text)).toEqual([
      "r.yaml:5:5: file ./chart does not exist in the runbook's folder",
      "r.yaml:5:5: file golf.yaml does not exist in the runbook's folder",
      "r.yaml:7:5: file v2.yaml does not exist in the runbook's folder",
    ])
  })

  test('contexts, with the nearest one', async () => {
    const text = [
      'clusters:',
      '  eu: {context: prod-eu}',
      '  us: {context: prod-su, kubeconfig: other}',
      '  asia: {context: asia, kubeconfig: none}',
      'apps: {echo: {}}',
      'steps: [verify]\n',
    ].join('\n')
    expect(await told(text, { default: ['prod-eu'], other: ['prod-us', 'stage'] })).toEqual([
      'r.yaml:5:7: context "prod-su" of cluster us is not in the kubeconfig (did you mean prod-us?); its contexts are prod-us, stage',
      'r.yaml:6:9: the kubeconfig of cluster asia (none) has no contexts',
    ])
  })

  test('nothing is wrong where all is there', async () => {
    expect(await told('apps: {echo: {}}\nsteps: [verify]\n')).toEqual([])
  })
})

describe('what the command line names has to be in the runbook', () => {
  const file = 'apps: {echo: {}}\nsteps:\n  - start: v2\n  - approve: {id: qa}\n  - shift: 50\n'
  test.each([
    ['an app', { only: ['eco'] }, /--only eco: the runbook has no app "eco" \(did you mean echo\?\)/],
    [
      'a step',
      { until: 'shift-5' },
      /--until shift-5: the runbook has no step "shift-5" \(did you mean shift-50\?\)/,
    ],
    ['an approval', { approve: ['start'] }, /--approve start: the runbook has no approval "start"/],
  ])('%s', (_title, named, message) => {
    expect(() => checkNames(runbook(file), { approve: [], ...named })).toThrow(message)
  })

  test('and is fine where it is', () => {
    expect(() =>
      checkNames(runbook(file), { only: ['echo'], until: 'shift-50', approve: ['qa'] }),
    ).not.toThrow()
  })
})
