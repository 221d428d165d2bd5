/** What RE2 has no words for: look-around and back-references. */
const NOT_IN_RE2 = /\(\?(?:[=!]|<[=!])|\\[1-9]|\\k</

/**
 * A regular expression of Envoy's (RE2 syntax) that must match the whole text; undefined where RE2 would refuse it.
 * JavaScript's engine stands in for RE2: flags at the beginning, named groups and RE2's text anchors are translated.
 */
export function wholeTextRegex(pattern: string): RegExp | undefined {
  if (NOT_IN_RE2.test(pattern)) return undefined
  const [, flags = '', rest = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(pattern) ?? []
  const source = rest.replaceAll('(?P<', '(?<').replace(/^\\A/, '').replace(/\\z$/, '')
  // RE2 takes escapes of punctuation (`\-`) that JavaScript refuses in its stricter Unicode mode.
  for (const mode of [`${flags}u`, flags]) {
    try {
      return new RegExp(`^(?:${source})$`, mode)
    } catch {
      continue
    }
  }
  return undefined
}
