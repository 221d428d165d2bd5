import { type Context, createContext, Script } from 'node:vm'

/**
 * An unknown expression may need time exponential in the text. A sane one takes microseconds; the limit is generous
 * because a busy machine may suspend us in the middle of one.
 */
const MATCH_TIMEOUT_MS = 1000
/** After this many expressions over the limit, none is tried: hostile tables cost seconds, not minutes. */
const MAX_SLOW = 3
/** Syntax that RE2 and JavaScript read differently, or that only one of them has. */
const NOT_SHARED = /\(\?(?!:|P?<[A-Za-z])|\\[QEpPCAzZGkbB1-9]|\[\[:|\[\^?\]/

/** Syntax that JavaScript has and RE2 does not: lookarounds and back references. */
export const NOT_RE2 = /\(\?(?:[=!]|<[=!])|\\[1-9]/

/** Whether RE2 accepts it. RE2 has flags that JavaScript does not; a pattern that is broken in both is broken. */
export function isRe2(pattern: string): boolean {
  if (NOT_RE2.test(pattern)) return false
  try {
    new RegExp(pattern.replace(/\(\?[imsU-]+\)/g, '').replace(/\(\?P</g, '(?<'))
    return true
  } catch {
    return false
  }
}

let script: { match: Script; context: Context } | undefined
/** Expressions over the limit: another text would take as long again. */
const slow = new Set<string>()

/**
 * Whether an RE2 expression of Envoy's matches the whole text; undefined if undecidable: JavaScript reads it
 * differently, or it takes too long.
 */
export function matchesWhole(pattern: string, asked: string, ignoresCase = false): boolean | undefined {
  const isFlagged = pattern.startsWith('(?i)')
  const source = (isFlagged ? pattern.slice(4) : pattern).replaceAll('(?P<', '(?<')
  if (NOT_SHARED.test(source) || slow.has(source) || slow.size >= MAX_SLOW) return undefined
  try {
    const expression = new RegExp(`^(?:${source})$`, ignoresCase || isFlagged ? 'is' : 's')
    script ??= {
      match: new Script('expression.test(asked)'),
      context: createContext({ expression, asked }),
    }
    Object.assign(script.context, { expression, asked })
    return script.match.runInContext(script.context, { timeout: MATCH_TIMEOUT_MS }) as boolean
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') slow.add(source)
    return undefined
  }
}

/** The text with which every match of an expression starts; may be shorter than possible. */
export function literalPrefix(pattern: string): string {
  if (hasAlternative(pattern)) return ''
  let literal = ''
  for (let at = pattern.startsWith('^') ? 1 : 0; at < pattern.length; at += 1) {
    let sign = pattern[at]!
    if (sign === '\\') {
      at += 1
      sign = pattern[at] ?? ''
      if (!/[^A-Za-z0-9]/.test(sign)) return literal // a class, or a letter's code
    } else if (/[.*+?()[\]{}|^$]/.test(sign)) return literal
    // A repeated part may be missing altogether.
    if (/[*?{]/.test(pattern[at + 1] ?? '')) return literal
    literal += sign
  }
  return literal
}

/** The text before an expression's trailing "anything", which makes it a prefix. */
export function prefixOf(pattern: string): string | undefined {
  const literal = literalPrefix(pattern)
  const rest = /^\^?(.*?)\.\*\$?$/s.exec(pattern)?.[1]?.replace(/\\([^A-Za-z0-9])/g, '$1')
  return rest !== undefined && rest === literal ? literal : undefined
}

/** Whether there is a `|` outside all groups and classes. */
function hasAlternative(pattern: string): boolean {
  let depth = 0
  let isInClass = false
  for (let at = 0; at < pattern.length; at += 1) {
    const sign = pattern[at]
    if (sign === '\\') at += 1
    else if (isInClass) isInClass = sign !== ']'
    else if (sign === '[') isInClass = true
    else if (sign === '(') depth += 1
    else if (sign === ')') depth -= 1
    else if (sign === '|' && depth <= 0) return true
  }
  return false
}
