import { commented } from '../../model/command-line.js'
import { CanaryError, UsageError } from '../../model/errors.js'
import { closest } from '../../lib/closest.js'
import { looksLikeVersion } from '../../rollout/stage/version.js'

/** The parts of oclif's errors used here; it does not export all their classes. */
interface OclifError extends Error {
  oclif?: { exit?: number }
  args?: ({ name: string } | string)[]
  flags?: string[]
  parse?: { output?: { args?: Record<string, unknown> } }
}

/** A command (`canary start`), the names of its flags, and its arguments in order. */
export interface ParsedCommand {
  command: string
  flags: string[]
  args: { name: string; required?: boolean }[]
}

/** oclif's messages about flags, and ours. */
const REWORDED: [RegExp, string][] = [
  [/^Flag (--\S+) expects a value$/, '$1 needs a value'],
  [/^Flag (--\S+) expects one of these values: (.*)$/, '$1 needs a value, one of $2'],
  [/^Expected (--[^=\s]+)=(.*) to be one of: (.*)$/, 'invalid value "$2" for $1 (expected $3)'],
  [/^All of the following must be provided when using (--\S+): (.*)$/, '$1 needs $2'],
  [/^(--[^=\s]+)=.* cannot also be provided when using (--\S+)$/, '$1 and $2 cannot be used together'],
  [/^Parsing (--\S+) Expected/, '$1: expected'],
]

/**
 * A short usage error for what oclif's parser throws. Other errors are returned unchanged.
 */
export function explainParseError(error: unknown, { command, flags, args }: ParsedCommand): unknown {
  if (error instanceof CanaryError || !(error instanceof Error) || !('oclif' in error)) return error
  const { args: wrong, flags: unknown, message, constructor, parse } = error as OclifError
  const help = commented(`${command} --help`, 'arguments and flags')
  const takes = [command, ...args.map(({ name, required }) => place(name, required))].join(' ')
  if (constructor.name === 'RequiredArgsError' && wrong) {
    const names = wrong.map((arg) => argName(arg).toUpperCase())
    const given = Object.values(parse?.output?.args ?? {}).filter((value) => typeof value === 'string')
    return usage(`${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} missing.`, [
      ...(given.length > 0 ? [completed(command, args, given)] : []),
      help,
    ])
  }
  if (constructor.name === 'UnexpectedArgsError' && wrong) {
    const words = wrong.map((arg) => `"${argName(arg)}"`).join(' and ')
    return usage(`Unexpected ${words}.`, [commented(takes, 'its arguments'), help])
  }
  if (constructor.name === 'NonExistentFlagsError' && unknown) {
    const meant = unknown.flatMap((flag) => {
      const name = flag.replace(/^-+/, '').replace(/=.*/, '').toLowerCase()
      if (args.some((arg) => arg.name === name))
        return [commented(takes, `${name.toUpperCase()} is an argument`)]
      const near = closest(name, flags)
      return near ? [`did you mean --${near}?`] : []
    })
    return usage(`Unknown flag ${unknown.join(', ')}.`, [...meant, help])
  }
  const reasons = message
    .replace(/\n?See more help with --help/, '')
    .replace(/^The following errors? occurred:\s*/, '')
    .split('\n')
    .map((line) => reworded(line.trim()))
  const plain = [...new Set(reasons)].filter(Boolean).join('; ')
  return usage(/[.!?]$/.test(plain) ? plain : `${plain}.`, [help])
}

function reworded(line: string): string {
  const found = REWORDED.find(([pattern]) => pattern.test(line))
  return found ? line.replace(...found) : line
}

/** The command with the given words in their places, and names for the missing ones. */
function completed(command: string, args: ParsedCommand['args'], given: string[]): string {
  const left = [...given]
  const take = (fits: (word: string) => boolean) => left.splice(left.findIndex(fits), 1)[0]
  const filled = new Map<string, string>()
  for (const [name, fits] of [
    ['weight', (word: string) => /^\d+%?$/.test(word)],
    ['version', looksLikeVersion],
  ] as const) {
    if (args.some((arg) => arg.name === name) && left.some(fits)) filled.set(name, take(fits)!)
  }
  for (const { name } of args) if (!filled.has(name) && left.length > 0) filled.set(name, left.shift()!)
  return [command, ...args.map(({ name, required }) => filled.get(name) ?? place(name, required))].join(' ')
}

function place(name: string, required = false): string {
  return required ? name.toUpperCase() : `[${name.toUpperCase()}]`
}

/** Missing arguments come as definitions, surplus ones as typed. */
function argName(arg: { name: string } | string): string {
  return typeof arg === 'string' ? arg : arg.name
}

function usage(message: string, nextSteps: string[]): UsageError {
  return new UsageError(message, { state: 'Nothing was changed.', nextSteps })
}
