import { UsageError } from '../../model/errors.js'

const ON = ['true', 'yes', 'on', '1']
const OFF = ['false', 'no', 'off', '0']

/** The parts of a flag's definition used here. */
interface FlagDefinition {
  type: 'boolean' | 'option'
  char?: string
  aliases?: readonly string[]
  allowNo?: boolean
  env?: string
}

/** Whether a word sets a flag that takes no value: `--json`, `--json=true`. */
export function isOn(word: string, flag: string): boolean {
  return word === flag || ON.some((value) => word.toLowerCase() === `${flag}=${value}`)
}

/**
 * The words of a command with its switches in oclif's form: `--json=true` becomes `--json`, and `--json=false` is left out
 * (oclif would take `true` for an argument). Throws UsageError for any other value, for `=false` against the environment, and
 * for a long flag with one dash, which oclif would read as a short one.
 */
export function plainSwitches(
  argv: string[],
  flags: Record<string, FlagDefinition>,
  env: Record<string, string | undefined>,
): string[] {
  const end = argv.indexOf('--')
  const plain: string[] = []
  let isValue = false
  for (const word of end === -1 ? argv : argv.slice(0, end)) {
    if (isValue) plain.push(word)
    else plain.push(...plainWord(word, flags, env))
    isValue = !isValue && takesNext(word, flags)
  }
  return end === -1 ? plain : [...plain, ...argv.slice(end)]
}

function plainWord(
  word: string,
  flags: Record<string, FlagDefinition>,
  env: Record<string, string | undefined>,
): string[] {
  const [, dashes = '', name = '', value] = /^(--?)([^=]+)(?:=(.*))?$/s.exec(word) ?? []
  const flag = definitionOf(name, flags)
  if (dashes === '-' && name.length > 1 && flag)
    throw wrong(`"${word}" needs two dashes.`, `--${word.slice(1)}    (did you mean this?)`)
  if (dashes !== '--' || value === undefined || flag?.type !== 'boolean') return [word]
  const text = value.toLowerCase()
  if (ON.includes(text)) return [`--${name}`]
  if (!OFF.includes(text)) throw wrong(`--${name} takes no value, but "${value}" was given.`, `--${name}`)
  if (flag.allowNo) return [`--no-${name}`]
  const fromEnvironment = flag.env !== undefined && ON.includes(env[flag.env]?.toLowerCase() ?? '')
  if (fromEnvironment)
    throw wrong(`${flag.env} sets --${name}: ${word} cannot override that.`, `unset ${flag.env}`)
  return []
}

function takesNext(word: string, flags: Record<string, FlagDefinition>): boolean {
  if (word.startsWith('--')) return definitionOf(word.slice(2), flags)?.type === 'option'
  return Object.values(flags).some(({ type, char }) => type === 'option' && word === `-${char}`)
}

function definitionOf(name: string, flags: Record<string, FlagDefinition>): FlagDefinition | undefined {
  if (Object.hasOwn(flags, name)) return flags[name]
  return Object.values(flags).find(({ aliases }) => aliases?.includes(name))
}

/**
 * Throws UsageError for a flag on the command line that has no effect without another one. Settings of the environment or a
 * file are meant for all commands and may have no effect. `raw` is oclif's.
 */
export function requireWith(
  { raw, flags }: { raw: { type: string; flag?: string }[]; flags: Record<string, unknown> },
  flag: string,
  other: string,
): void {
  if (flags[other] || !raw.some((token) => token.type === 'flag' && token.flag === flag)) return
  throw wrong(`--${flag} has no effect without --${other}.`, `add --${other}, or remove --${flag}`)
}

function wrong(message: string, remedy: string): UsageError {
  return new UsageError(message, { state: 'Nothing was changed.', nextSteps: [remedy] })
}
