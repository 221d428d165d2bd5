import { UsageError } from '../../model/errors.js'
import { changeFlags, clusterFlags, failureFlags, outputFlags, probeFlags } from '../flags/flags.js'

/** Flags that many commands have; only these may come before a command. */
const SHARED = { ...outputFlags, ...clusterFlags, ...probeFlags, ...changeFlags, ...failureFlags }
const HELP = ['--help', '-h']

/**
 * The command line with its command first: `--namespace echo status` becomes `status --namespace echo`, and
 * `runbook --json lint FILE` becomes `runbook lint --json FILE`. `names` are those of all commands. Throws UsageError if
 * there is no command, or if a flag before it is not one of these: it may or may not take the next word.
 */
export function commandFirst(argv: string[], names: string[]): string[] {
  const command: string[] = []
  const flags: string[] = []
  let rest = argv
  while (rest.length > 0 && !isComplete(command, names)) {
    const [word] = rest as [string]
    const length = word.startsWith('-') ? flagLength(word) : 0
    flags.push(...rest.slice(0, length))
    if (length === 0) command.push(word)
    rest = rest.slice(length || 1)
  }
  if (command.length === 0 && !flags.some((flag) => HELP.includes(flag))) throw noCommand('No command given.')
  return [...command, ...flags, ...rest]
}

function isComplete(command: string[], names: string[]): boolean {
  const [first, second] = command
  if (first === undefined) return false
  return second !== undefined || names.includes(first) || !names.some((name) => name.startsWith(`${first} `))
}

/** Number of words of a flag before the command, its value included. */
function flagLength(word: string): number {
  if (HELP.includes(word)) return 1
  const [text] = word.split('=') as [string]
  const found = Object.entries(SHARED).find(([name, flag]) => {
    const { char, aliases = [] } = flag as { char?: string; aliases?: string[] }
    const longs = [name, ...aliases].map((long) => `--${long}`)
    return [...longs, `--no-${name}`].includes(text) || (char !== undefined && text === `-${char}`)
  })
  if (!found) throw noCommand(`"${word}" comes before the command.`)
  return found[1].type === 'option' && text === word ? 2 : 1
}

function noCommand(message: string): UsageError {
  return new UsageError(message, {
    state: 'Nothing was changed.',
    nextSteps: [
      'canary COMMAND [ARGUMENTS] [FLAGS]    (the command comes first)',
      'canary --help    (all commands)',
    ],
  })
}
