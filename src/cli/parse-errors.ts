import { CanaryError, UsageError } from '../model/errors.js'
import { closest } from '../model/closest.js'

/** The parts of oclif's errors that are read here; their classes are not all exported. */
interface OclifError extends Error {
  oclif?: { exit?: number }
  args?: ({ name: string } | string)[]
  flags?: string[]
}

/**
 * A usage error out of what oclif's parser throws, in few words. Anything that is not the parser's comes back
 * as it is. `command` is the command as typed (`canary start`), `flags` the flags it has.
 */
export function explainParseError(error: unknown, command: string, flags: string[]): unknown {
  if (error instanceof CanaryError || !(error instanceof Error) || !('oclif' in error)) return error
  const { args, flags: unknown, message, constructor } = error as OclifError
  const help = `${command} --help    (arguments and flags)`
  if (constructor.name === 'RequiredArgsError' && args) {
    const names = args.map((arg) => argName(arg).toUpperCase())
    return usage(`${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} missing.`, [help])
  }
  if (constructor.name === 'UnexpectedArgsError' && args) {
    return usage(`There is no place for ${args.map((arg) => `"${argName(arg)}"`).join(' and ')}.`, [help])
  }
  if (constructor.name === 'NonExistentFlagsError' && unknown) {
    const meant = unknown.flatMap((flag) => {
      const near = closest(flag.replace(/^-+/, '').replace(/=.*/, ''), flags)
      return near ? [`did you mean --${near}?`] : []
    })
    return usage(`There is no flag ${unknown.join(' or ')}.`, [...meant, help])
  }
  const plain = message
    .replace(/\n?See more help with --help/, '')
    .replace(/^The following errors? occurred:\s*/, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/^\s*Parsing (--\S+) Expected/, '$1: expected')
    .trim()
  return usage(/[.!?]$/.test(plain) ? plain : `${plain}.`, [help])
}

/** Missing arguments come as definitions, surplus ones as what was typed. */
function argName(arg: { name: string } | string): string {
  return typeof arg === 'string' ? arg : arg.name
}

function usage(message: string, nextSteps: string[]): UsageError {
  return new UsageError(message, { state: 'Nothing was changed.', nextSteps })
}
