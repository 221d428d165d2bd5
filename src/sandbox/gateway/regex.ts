/** Syntax that RE2 does not have: look-around and back-references. */
const NOT_IN_RE2 = /\(\?(?:[=!]|<[=!])|\\[1-9]|\\k</

/**
 * A regular expression of Envoy's (RE2 syntax) that must match the whole text; undefined if RE2 would reject it.
 * JavaScript's engine replaces RE2: flags at the beginning, named groups and RE2's text anchors are translated.
 */
export function wholeTextRegex(pattern: string): RegExp | undefined {
  return compile(pattern, (source) => `^(?:${source})$`)
}

/** The same for an expression that may match any part of the text. */
export function partialRegex(pattern: string): RegExp | undefined {
  return compile(pattern, (source) => source)
}

function compile(pattern: string, anchored: (source: string) => string): RegExp | undefined {
  if (NOT_IN_RE2.test(pattern)) return undefined
  const [, flags = '', rest = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(pattern) ?? []
  const source = rest.replaceAll('(?P<', '(?<').replace(/^\\A/, '').replace(/\\z$/, '')
  // RE2 accepts escapes of punctuation (`\-`) that JavaScript rejects in its stricter Unicode mode.
  for (const mode of [`${flags}u`, flags]) {
    try {
      return new RegExp(anchored(source), mode)
    } catch {
      continue
    }
  }
  return undefined
}

/** Why RE2 rejects an expression, worded like Go's package for the common cases. */
export function re2Problem(pattern: string): string {
  const perl = /\(\?[=!<][=!]?/.exec(pattern)?.[0]
  const [why, what] = perl
    ? ['invalid or unsupported Perl syntax', perl]
    : /^[*+?]/.test(pattern)
      ? ['missing argument to repetition operator', pattern[0]]
      : /\[[^\]]*$/.test(pattern)
        ? ['missing closing ]', pattern.slice(pattern.lastIndexOf('['))]
        : pattern.split('(').length > pattern.split(')').length
          ? ['missing closing )', pattern]
          : pattern.split(')').length > pattern.split('(').length
            ? ['unexpected )', pattern]
            : ['invalid escape sequence', pattern]
  return `error parsing regexp: ${why}: \`${what}\``
}
