import { readFileSync } from 'node:fs'
import type { run as runCommandLine } from '@oclif/core/run'
import { UsageError } from '../model/errors.js'

/** Where the project is; bin/dev.js also says how to read it. */
type LoadOptions = Parameters<typeof runCommandLine>[1]

/**
 * The whole program: runs one command line and sets the exit code. Commands tell their own errors; what goes
 * wrong before there is a command (no such command, a broken installation) is told here, in the same form.
 */
export async function main(argv: string[], load: LoadOptions): Promise<void> {
  if (argv.length === 1 && argv[0] === '--version') {
    // Without the CLI framework: version managers and shell prompts ask this often.
    process.stdout.write(`${nameAndVersion()} ${process.platform}-${process.arch} node-${process.version}\n`)
    return
  }
  const { ignoreClosedPipes, outputOf, printError } = await import('./output.js')
  ignoreClosedPipes()
  try {
    const { run } = await import('@oclif/core/run')
    await run(argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv, load)
  } catch (error) {
    process.exitCode = await printError(await outputOf(argv, process.env), await explain(error))
  }
}

/** oclif takes all words up to the first flag for the command's name when it knows none of them. */
async function explain(error: unknown): Promise<unknown> {
  const notFound = error instanceof Error ? /^command (\S+) not found$/i.exec(error.message) : null
  if (!notFound) return error
  const { closest } = await import('../model/closest.js')
  const names = await commandNames()
  const words = notFound[1]!.split(':')
  const inTopic = names.some((name) => name.startsWith(`${words[0]!} `))
  const word = words.slice(0, inTopic ? 2 : 1).join(' ')
  const near = closest(word, names)
  return new UsageError(`There is no command "${word}".`, {
    state: 'Nothing was changed.',
    nextSteps: [
      ...(near ? [`canary ${near}    (did you mean this?)`] : []),
      'canary --help    (all commands)',
    ],
  })
}

/** Names of all commands, from their files. */
async function commandNames(): Promise<string[]> {
  const { readdir } = await import('node:fs/promises')
  const files = await readdir(new URL('../commands', import.meta.url), { recursive: true })
  return files
    .filter((file) => /\.[jt]s$/.test(file))
    .map((file) => file.replace(/\.[jt]s$/, '').replace(/[\\/]/g, ' '))
}

function nameAndVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { name, version } = JSON.parse(text) as { name: string; version: string }
  return `${name}/${version}`
}
