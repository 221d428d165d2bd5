import { createContext, Script } from 'node:vm'
import { UsageError } from '../../model/errors.js'

/** A match of a sane pattern takes microseconds. */
const MATCH_TIMEOUT_MS = 1000
const MAX_PATTERN = 1000

/**
 * Compiles a user's pattern. `place` names its setting in messages: `verify.expect.body`.
 *
 * @throws UsageError for one that is too long or not a regular expression
 */
export function compilePattern(source: string, place: string): RegExp {
  if (source.length > MAX_PATTERN) {
    throw new UsageError(`${place} is longer than ${MAX_PATTERN} characters.`, {
      nextSteps: ['match a shorter part of the answer'],
    })
  }
  try {
    return new RegExp(source)
  } catch (error) {
    throw new UsageError(`${place} is not a regular expression: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/**
 * Matches texts against a user's pattern; returns the match or null. Some patterns take exponential time, and only a
 * `vm` script with a timeout can interrupt a match.
 *
 * @throws UsageError from a match that takes too long
 */
export function matcher(pattern: RegExp, place: string): (text: string) => RegExpExecArray | null {
  const context = createContext({ pattern, text: '' })
  const match = new Script('pattern.exec(text)')
  return (text) => {
    context.text = text
    try {
      return match.runInContext(context, { timeout: MATCH_TIMEOUT_MS }) as RegExpExecArray | null
    } catch (error) {
      const isSlow = (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
      const why = isSlow
        ? `takes more than ${MATCH_TIMEOUT_MS / 1000} s on an answer of ${text.length} characters`
        : `cannot be matched: ${(error as Error).message}`
      throw new UsageError(`${place} "${pattern.source}" ${why}.`, {
        nextSteps: ['write it without a repetition within a repetition, such as (a+)+'],
        cause: error,
      })
    }
  }
}
