import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { vi } from 'vitest'
import type { BaseCommand } from '../../../src/cli/base-command.js'
import type { Openers } from '../../../src/cli/session/openers.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** A class of src/commands. */
export type CommandClass = (new (...args: ConstructorParameters<typeof BaseCommand>) => BaseCommand) & {
  run(argv: string[], options: { root: string }): Promise<unknown>
}

export interface CommandRun {
  exitCode: number
  stdout: string
  stderr: string
}

/** Runs a command class in this process, as bin/run.js would; its session opens what the openers give. */
export async function runCommand(
  command: CommandClass,
  argv: string[],
  openers?: Openers,
): Promise<CommandRun> {
  const stdout = capture(process.stdout)
  const stderr = capture(process.stderr)
  const exitCode = process.exitCode
  process.exitCode = undefined
  try {
    await withOpeners(command, openers).run(argv, { root })
    return { exitCode: Number(process.exitCode ?? 0), stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    stdout.restore()
    stderr.restore()
    process.exitCode = exitCode
  }
}

/** `runCommand` with these openers. */
export function runWith(openers: Openers): (command: CommandClass, argv: string[]) => Promise<CommandRun> {
  return (command, argv) => runCommand(command, argv, openers)
}

/** The class with these openers: the framework makes its commands of words and configuration alone. */
function withOpeners(command: CommandClass, openers?: Openers): CommandClass {
  return new Proxy(command, {
    construct: (target, [argv, config]: ConstructorParameters<typeof BaseCommand>) =>
      new target(argv, config, openers),
  })
}

/** The document on stdout, as JSON or YAML. */
export function documentOf({ stdout }: CommandRun): any {
  return parse(stdout)
}

function capture(stream: NodeJS.WriteStream): { text(): string; restore(): void } {
  let text = ''
  const spy = vi.spyOn(stream, 'write').mockImplementation((chunk) => {
    text += String(chunk)
    return true
  })
  return { text: () => text, restore: () => spy.mockRestore() }
}
