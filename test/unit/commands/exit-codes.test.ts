import { describe, expect, test } from 'vitest'
import { BaseCommand } from '../../../src/cli/base-command.js'
import { exitCodeRows } from '../../../src/cli/help.js'
import { CanaryError, ExternalError } from '../../../src/model/errors.js'
import { EXIT_CODES, type Outcome } from '../../../src/model/exit-codes.js'
import { documentOf, runCommand } from './run-command.js'

let thrown: unknown

class Throwing extends BaseCommand {
  static override id = 'throwing'
  async run(): Promise<void> {
    await this.parse(Throwing)
    throw thrown
  }
}

class Done extends BaseCommand {
  static override id = 'done'
  async run(): Promise<void> {
    await this.parse(Done)
    await this.print({ fine: true }, () => 'fine')
  }
}

const outcomes = Object.keys(EXIT_CODES) as Outcome[]
const errors = outcomes.filter((outcome) => outcome !== 'done' && outcome !== 'bug')

const FORMATS = [[], ['--json'], ['-o', 'json'], ['-ojson'], ['--output=yaml'], ['-o', 'yaml']]

describe('exit codes', () => {
  test('no two outcomes share one, and help shows all', () => {
    const codes = outcomes.map((outcome) => EXIT_CODES[outcome].code)
    expect(new Set(codes).size).toBe(codes.length)
    expect(exitCodeRows().map(([code]) => Number(code))).toEqual(codes)
  })

  test.each(errors)('%s: the same in every format, with one document', async (outcome) => {
    thrown = new CanaryError(outcome, 'It went wrong.', { state: 'All is as before.', nextSteps: ['look'] })
    const { code } = EXIT_CODES[outcome]
    for (const format of FORMATS) {
      const run = await runCommand(Throwing, format)
      expect(run.exitCode, format.join(' ')).toBe(code)
      expect(run.stderr).toBe(
        `${outcome === 'waiting' ? '…' : '✖'} It went wrong.\n  now     All is as before.\n  next    look\n`,
      )
      if (format.length === 0) expect(run.stdout).toBe('')
      else {
        expect(documentOf(run)).toEqual({
          error: {
            code,
            name: outcome,
            message: 'It went wrong.',
            state: 'All is as before.',
            nextSteps: ['look'],
          },
          warnings: [],
        })
      }
    }
  })

  test('what canary does not expect is a bug: 1, and no stack unless asked for', async () => {
    thrown = new TypeError('x is undefined')
    for (const format of FORMATS) {
      const run = await runCommand(Throwing, format)
      expect(run.exitCode).toBe(1)
      expect(run.stderr).toMatch(/^✖ This is a bug in canary: TypeError: x is undefined\n/)
      expect(run.stderr).not.toMatch(/\n\s+at /)
      if (format.length > 0) expect(documentOf(run).error).toMatchObject({ code: 1, name: 'bug' })
    }
    expect((await runCommand(Throwing, ['--debug'])).stderr).toMatch(/\n\s+at .*exit-codes\.test\.ts/)
  })

  test('done', async () => {
    expect(await runCommand(Done, [])).toEqual({ exitCode: 0, stdout: 'fine\n', stderr: '' })
    expect(await runCommand(Done, ['--json'])).toEqual({
      exitCode: 0,
      stdout: '{\n  "fine": true\n}\n',
      stderr: '',
    })
    expect(await runCommand(Done, ['-o', 'yaml'])).toEqual({
      exitCode: 0,
      stdout: 'fine: true\n',
      stderr: '',
    })
  })

  test('an external failure keeps its command, exit code and stderr', async () => {
    thrown = new ExternalError('helm failed.', {
      command: 'helm upgrade echo',
      code: 1,
      stderr: 'Error: no\n',
    })
    const run = await runCommand(Throwing, ['--json'])
    expect(documentOf(run).error).toEqual({
      code: 5,
      name: 'external',
      message: 'helm failed.',
      nextSteps: [],
      command: 'helm upgrade echo',
      commandCode: 1,
      stderr: 'Error: no\n',
    })
    expect(run.stderr).toContain('ran     helm upgrade echo (1)\n          Error: no\n')
  })
})
