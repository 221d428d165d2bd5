import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { definitionOf, outputSchema } from '../support/json-schema.js'
import { QUICK, type SandboxCli, startSandboxCli } from '../support/sandbox-cli.js'

let cli: SandboxCli
beforeAll(async () => {
  cli = await startSandboxCli(4, QUICK)
})
afterAll(() => cli.close())

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The lines of the shell blocks of docs/json.md. */
async function docsLines(): Promise<string[]> {
  const page = await readFile(path.join(root, 'docs/json.md'), 'utf8')
  return [...page.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block]) => block!.trim().split('\n'))
}

/** Definitions of the schema that a document was held against. */
const seen = new Set<string>()

/** Runs a command with --json, which holds its document against the schema (see SandboxCli), and returns the document. */
async function json(exitCode: number, line: string): Promise<any> {
  const args = [...line.split(' '), '--json']
  const outcome = await cli.canary(args)
  expect({ line, ...outcome }).toMatchObject({ line, exitCode })
  const document = JSON.parse(outcome.stdout)
  seen.add(definitionOf(args, document))
  return document
}

const RUNBOOK = `apiVersion: canary/v1
kind: Runbook
apps: { echo: {} }
defaults: { probeRate: 0 }
steps:
  - start: v3
  - approve: { id: qa, message: Does it work? }
  - finish: { jump: true }
`

test('every command prints what its schema says, and a stage alike in all of them', async () => {
  await writeFile(path.join(cli.home, 'r.yaml'), RUNBOOK)
  await json(0, 'install echo v1 --with-virtual-service')
  await json(0, 'doctor echo')
  const deployed = { name: 'deployed', primary: 'v1', canary: 'v2' }
  expect((await json(0, 'start echo v2 --deploy-only')).stage).toEqual(deployed)
  expect((await json(0, 'status echo')).stage).toEqual(deployed)
  expect((await json(0, 'status')).apps).toMatchObject([{ app: 'echo', stage: deployed }])
  expect((await json(0, 'history echo')).entries.at(-1).stage).toEqual(deployed)
  expect((await json(0, 'verify echo')).stage).toEqual(deployed)
  expect((await json(0, 'verify echo --explain')).stage).toEqual(deployed)
  const dry = await json(0, 'start echo v2 --dry-run')
  expect(dry.plan.from).toEqual(deployed)
  await json(6, 'shift echo 50')
  expect((await json(0, 'abort echo')).proofs.at(-1).stage).toEqual({ name: 'stable', primary: 'v1' })

  await json(0, 'start echo v2')
  expect((await json(0, 'shift echo 50')).stage).toMatchObject({ name: 'weighted', canary: 'v2', weight: 50 })
  for (const line of await docsLines()) {
    const script = `canary() { '${process.execPath}' '${root}bin/run.js' "$@"; }\n${line}`
    const { env } = cli
    const { exitCode, stdout } = await execa('sh', ['-c', script], { env, extendEnv: false, reject: false })
    expect({ line, exitCode, stdout }).toEqual({
      line,
      exitCode: 0,
      stdout: expect.stringMatching(/^(?!null)./),
    })
  }
  await json(0, 'finish echo v2')
  await json(0, 'undo echo v1 --dry-run')
  await json(0, 'upgrade echo --set app.env.GREETING=hello --dry-run')
  await json(0, 'import echo --dry-run')
  await json(0, 'values echo')

  await json(0, 'runbook lint r.yaml')
  await json(0, 'runbook graph r.yaml')
  await json(0, 'runbook init echo v3')
  await json(0, 'runbook plan r.yaml')
  expect((await json(8, 'run r.yaml')).error.name).toBe('waiting')
  expect((await json(0, 'runs')).runs).toMatchObject([{ app: 'echo', waiting: { step: 'qa' } }])
  await json(0, 'approve echo qa --why tried')
  expect((await json(0, 'run r.yaml')).apps[0].stage).toEqual({ name: 'stable', primary: 'v3' })
  await json(0, 'rollout echo v4 --pause 1m --dry-run')
  await json(0, 'uninstall echo --unverified tried')
  await json(0, 'init shop --image registry.example/shop:1.6 --yes')

  for (const command of ['status', 'start', 'status', 'env', 'fault', 'stop', 'stop'])
    await json(0, `sandbox ${command}`)
  const commands = outputSchema().anyOf as { $ref: string }[]
  const names = commands.map(({ $ref }) => decodeURIComponent($ref.replace('#/definitions/', '')))
  expect([...seen].sort()).toEqual([...names, 'values'].sort())
})
