import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import RunbookGraph from '../../../src/commands/runbook/graph.js'
import RunbookInit from '../../../src/commands/runbook/init.js'
import RunbookLint from '../../../src/commands/runbook/lint.js'
import { documentOf, runCommand } from './run-command.js'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'canary-runbook-command-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function file(text: string): Promise<string> {
  const name = path.join(folder, 'rollout.yaml')
  await writeFile(name, text)
  return name
}

const RIGHT = `apiVersion: canary/v1
kind: Runbook
vars: {to: {required: true}}
apps: {echo: {}, golf: {}}
rollout: {to: "\${to}", weights: [50]}
`

test('init prints a runbook that lint finds right', async () => {
  const { stdout } = await runCommand(RunbookInit, ['shop', 'v7'])
  const name = await file(stdout)
  const linted = await runCommand(RunbookLint, [name])
  expect(linted.stdout).toBe(`✔ ${name}: 9 steps, 1 app, 1 wave, 1 cluster\n`)
})

test('lint tells what a runbook has, with values for its variables', async () => {
  const linted = await runCommand(RunbookLint, [await file(RIGHT), '--var', 'to=v3', '--json'])
  expect(documentOf(linted)).toMatchObject({
    apps: ['echo', 'golf'],
    waves: ['wave-1'],
    steps: [{ id: 'start' }, { id: 'shift-50' }, { id: 'finish' }],
  })
})

test('lint exits 2 with the place of each thing that is wrong', async () => {
  const name = await file(RIGHT)
  const { exitCode, stderr } = await runCommand(RunbookLint, [name])
  expect(exitCode).toBe(2)
  expect(stderr).toContain(`${name}:3:12: vars.to is required but has no value: set --var to=…`)
})

test('graph prints the flowchart alone', async () => {
  const { stdout } = await runCommand(RunbookGraph, [await file(RIGHT), '--var', 'to=v3'])
  expect(stdout).toMatch(/^flowchart TD\n[^]*s0\["start v3"\]/)
})
