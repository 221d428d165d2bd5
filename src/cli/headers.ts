import { UsageError } from '../model/errors.js'

/** RFC 9110 token: what a header's name may be made of. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** A value fetch may send: visible characters, blanks and tabs in between, Latin-1. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * Headers given as `name=value`, later ones winning. With `env` a value `env:VAR` is read from the
 * environment, so that secrets stay out of command lines. Throws UsageError that names `source` (a flag, or a
 * place in a file).
 */
export function parseHeaders(
  pairs: string[],
  source: string,
  env?: Record<string, string | undefined>,
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    if (at < 1 || !TOKEN.test(name)) {
      // It may be a secret as a whole, or from any place on.
      const shown = env ? `a text of ${pair.length} characters` : `"${pair}"`
      throw new UsageError(`${source}: ${shown} is not a header.`, {
        state: 'Nothing was changed.',
        nextSteps: [`write it as name=value, for example ${source} stage=canary`],
      })
    }
    const value = env ? fromEnvironment(pair.slice(at + 1), name, source, env) : pair.slice(at + 1)
    if (!FIELD_VALUE.test(value)) {
      throw new UsageError(
        `${source}: the value of header ${name} has characters that HTTP does not allow.`,
        {
          state: 'Nothing was changed.',
          nextSteps: ['give a value without line breaks and control characters'],
        },
      )
    }
    headers[name] = value
  }
  return headers
}

function fromEnvironment(
  text: string,
  name: string,
  source: string,
  env: Record<string, string | undefined>,
): string {
  if (!text.startsWith('env:')) return text
  const variable = text.slice('env:'.length)
  const value = env[variable]
  if (value !== undefined) return value
  throw new UsageError(
    `${source}: header ${name} is to come from the environment, but ${variable} is not set.`,
    {
      state: 'Nothing was changed.',
      nextSteps: [`export ${variable}=…, or give the value itself as ${name}=value`],
    },
  )
}
