import { UsageError } from '../../model/errors.js'

const QUOTES = ['"', "'", '`']

/**
 * Replaces `{{name}}` in a PromQL query by its variable, escaped so that inside quotes it stays one string. In a
 * regular expression it is part of the expression.
 *
 * @throws UsageError for an unknown name
 */
export function fillQuery(query: string, variables: Record<string, string>): string {
  let quote: string | undefined
  let isComment = false
  return query.replace(/\{\{\s*([^{}\s]*)\s*\}\}|\\[^]|[^]/g, (token: string, name?: string) => {
    if (name !== undefined) return escaped(valueOf(name, variables, query), quote)
    if (isComment) isComment = token !== '\n'
    else if (quote !== undefined) quote = token === quote ? undefined : quote
    else if (QUOTES.includes(token)) quote = token
    else isComment = token === '#'
    return token
  })
}

function valueOf(name: string, variables: Record<string, string>, query: string): string {
  if (Object.hasOwn(variables, name)) return variables[name]!
  const names = Object.keys(variables).map((known) => `{{${known}}}`)
  throw new UsageError(`verify.metrics: {{${name}}} in the query "${query}" is not known.`, {
    nextSteps: [`These are filled in: ${names.join(', ')}.`],
  })
}

/** PromQL strings in quotes have backslash escapes, those in backquotes do not. */
function escaped(value: string, quote: string | undefined): string {
  if (quote !== '"' && quote !== "'") return value
  return value.replace(/[\\\n]|["']/g, (character) => {
    if (character === '\n') return '\\n'
    return character === '\\' || character === quote ? `\\${character}` : character
  })
}
