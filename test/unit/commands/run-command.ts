import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { vi } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))

interface RunnableCommand {
  run(argv: string[], options: { root: string }): Promise<unknown>
}

export interface CommandRun {
  exitCode: number
  stdout: string
  stderr: string
}

/**
 * Runs a command class in this process, as bin/run.js would, and gives back what it printed and its exit
 * code.
 */
export async function runCommand(command: RunnableCommand, argv: string[]): Promise<CommandRun> {
  const stdout = capture(process.stdout)
  const stderr = capture(process.stderr)
  const exitCode = process.exitCode
  process.exitCode = undefined
  try {
    await command.run(argv, { root })
    return { exitCode: Number(process.exitCode ?? 0), stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    stdout.restore()
    stderr.restore()
    process.exitCode = exitCode
  }
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
