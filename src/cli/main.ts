import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { run as runCommandLine } from '@oclif/core/run'
import { codeFolder, packageFolder } from '../lib/package-folder.js'

/** Where the project is; bin/dev.js adds how to load TypeScript. */
type LoadOptions = Parameters<typeof runCommandLine>[1]

/** Words by which other programs ask for it. */
const VERSION_WORDS = ['--version', '-v', '-V', 'version']

/**
 * The whole program: runs one command line and sets the exit code. Commands print their own errors; errors before there is
 * a command (an unknown command, a broken installation) are printed here in the same form.
 */
export async function main(argv: string[], load: LoadOptions): Promise<void> {
  if (argv.length === 1 && VERSION_WORDS.includes(argv[0]!)) {
    // Without the CLI framework: version managers and shell prompts ask this often.
    process.stdout.write(`${nameAndVersion()} ${process.platform}-${process.arch} node-${process.version}\n`)
    return
  }
  const { ignoreClosedPipes, outputOf, printError } = await import('./output/output.js')
  ignoreClosedPipes()
  try {
    const { run } = await import('./command-line/run.js')
    const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
    await run(await ordered(words), load)
  } catch (error) {
    process.exitCode = await printError(await outputOf(argv, process.env), await explain(error))
  }
}

/** Moves the command before its flags. Loads nothing if it is there already. */
async function ordered(argv: string[]): Promise<string[]> {
  const [first = '', second = ''] = argv
  const isTopic = /^[a-z]+$/.test(first) && existsSync(path.join(codeFolder, 'commands', first))
  if (!(isTopic ? second : first).startsWith('-')) return argv
  const [{ commandFirst }, { commandNames }] = await Promise.all([
    import('./command-line/leading-flags.js'),
    import('./command-line/command-names.js'),
  ])
  return commandFirst(argv, await commandNames())
}

/** The error to report if oclif found no command. */
async function explain(error: unknown): Promise<unknown> {
  const notFound = error instanceof Error ? /^command (.*) not found\.?$/i.exec(error.message) : null
  if (!notFound) return error
  const [{ unknownCommand }, { commandNames }] = await Promise.all([
    import('./command-line/unknown-command.js'),
    import('./command-line/command-names.js'),
  ])
  return unknownCommand(notFound[1]!, await commandNames())
}

function nameAndVersion(): string {
  const text = readFileSync(path.join(packageFolder, 'package.json'), 'utf8')
  const { name, version } = JSON.parse(text) as { name: string; version: string }
  return `${name}/${version}`
}
