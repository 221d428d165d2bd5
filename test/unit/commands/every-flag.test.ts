import { describe, expect, test } from 'vitest'
import { commandNames } from '../../../src/cli/command-line/command-names.js'
import type { BaseCommand } from '../../../src/cli/base-command.js'
import { runCommand } from './run-command.js'

type CommandClass = typeof BaseCommand & Parameters<typeof runCommand>[0]

interface Flag {
  type: 'boolean' | 'option'
  options?: readonly string[]
}

const seen = new Set<unknown>()
const names = await commandNames()

describe('what the parser refuses is wrong usage, never a bug in canary', () => {
  test.each(names)('%s', async (name) => {
    const file = `../../../src/commands/${name.replaceAll(' ', '/')}.ts`
    const { default: command } = (await import(file)) as { default: CommandClass }
    const args = Object.keys(command.args)
    const given = args.map((arg) => (arg === 'weight' ? '5' : arg))
    const isOpen = Object.values(command.args).some(({ multiple }) => multiple)
    const wrong: string[][] = [
      [...given, '--frobnicate'],
      [...given, '-Z'],
      [...given, '--json=maybe'],
    ]
    if (!isOpen) wrong.push([...given, 'surplus'])
    if (Object.values(command.args).some(({ required }) => required)) wrong.push([])
    for (const [flag, definition] of Object.entries<Flag>({ ...command.flags, ...command.baseFlags })) {
      // Of flags that commands share, once.
      if (seen.has(definition)) continue
      seen.add(definition)
      if (definition.type === 'boolean') wrong.push([...given, `--${flag}=maybe`])
      else wrong.push([...given, `--${flag}`], [...given, `--${flag}`, '--json'])
      if (definition.options) wrong.push([...given, `--${flag}`, 'none-of-them'])
    }
    for (const argv of wrong) {
      const { exitCode, stderr } = await runCommand(command, argv)
      expect(exitCode, `${name} ${argv.join(' ')}\n${stderr}`).toBe(2)
      expect(stderr).toMatch(/^✖ .*\n {2}now {5}Nothing was changed\.\n {2}next {4}\S/)
    }
  })
})
