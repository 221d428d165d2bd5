import { UsageError } from '../../model/errors.js'
import { headerProblem, type HeaderUse } from '../../lib/http/headers.js'

/**
 * Headers given as `name=value`. With `env` a value `env:VAR` is read from the environment, so that secrets stay out of
 * command lines. Throws UsageError that names `source` (a flag, or a place in a file) and the header, not its value.
 */
export function parseHeaders(
  pairs: string[],
  source: string,
  use: HeaderUse,
  env?: Record<string, string | undefined>,
): Record<string, string> {
  const headers: [string, string][] = []
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    if (at < 1) {
      // It may be a secret as a whole, or from any place on.
      const shown = env ? `a text of ${pair.length} characters` : `"${pair}"`
      throw new UsageError(`${source}: ${shown} is not a header.`, {
        state: 'Nothing was changed.',
        nextSteps: [`write it as name=value, for example ${source} stage=canary`],
      })
    }
    const value = pair.slice(at + 1)
    headers.push([name, env ? fromEnvironment(value, name, source, env) : value])
  }
  const problem = headerProblem(headers, use)
  if (!problem) return Object.fromEntries(headers)
  throw new UsageError(`${source}: the header ${JSON.stringify(problem.name)} ${problem.what}.`, {
    state: 'Nothing was changed.',
    nextSteps: [problem.remedy],
  })
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
    `${source}: header ${name} takes its value from the environment, but ${variable} is not set.`,
    {
      state: 'Nothing was changed.',
      nextSteps: [`export ${variable}=…, or give the value itself as ${name}=value`],
    },
  )
}
