/** No repetition takes more than this; what follows a token's end belongs to it all the same (see scanner.ts). */
const MOST = 256

interface Group {
  anyCase: boolean
  dotAll: boolean
  /** Where its parenthesis is in the output. */
  at: number
}

/**
 * A regular expression of Go (RE2) as one of JavaScript without flags: `(?i)` and its like are written out, groups have no
 * names, a repeated group takes no part in the result, and no repetition is without bound, so that it takes time linear in the
 * text wherever it fails.
 */
export function boundedPattern(source: string, { anyCase = false } = {}): string {
  const out: string[] = []
  const groups: Group[] = []
  let now = { anyCase, dotAll: false }
  const take = (form: RegExp) => form.exec(source.slice(at))
  let at = 0
  while (at < source.length) {
    const rest = source[at]!
    const flags = take(/^\(\?([is]*)(?:-([is]+))?([:)])/)
    const open = flags ?? take(/^\((?:\?P<\w+>|\?[:!=])?/)
    const repetition = take(/^(?:[*+]|\{(\d+),(\d*)\})/)
    if (flags && (flags[1] || flags[2] || flags[3] === ':')) {
      const before = now
      now = {
        anyCase: flags[1]!.includes('i') || (now.anyCase && !flags[2]?.includes('i')),
        dotAll: flags[1]!.includes('s') || (now.dotAll && !flags[2]?.includes('s')),
      }
      if (flags[3] === ':') groups.push({ ...before, at: out.push('(?:') - 1 })
      at += flags[0].length
    } else if (open) {
      const [text] = open
      groups.push({ ...now, at: out.push(text.startsWith('(?P<') ? '(' : text) - 1 })
      at += text.length
    } else if (rest === ')') {
      const group = groups.pop()
      if (!group) throw new Error(`${source}: a parenthesis too many`)
      out.push(')')
      at += 1
      if (out[group.at] === '(' && /^[*+?{]/.test(source.slice(at))) out[group.at] = '(?:'
      now = group
    } else if (repetition) {
      const [text, least, most] = repetition
      const from = least === undefined ? (text === '+' ? 1 : 0) : Number(least)
      out.push(`{${from},${most ? most : from + MOST}}`)
      at += text.length
    } else if (rest === '[') {
      const [text = ''] = take(/^\[\^?\]?(?:\[:\w+:\]|\\.|[^\]\\])*\]/) ?? []
      out.push(classOf(text, now.anyCase))
      at += text.length
    } else if (rest === '\\') {
      const text = take(/^\\(?:x[0-9a-fA-F]{2}|.)/)![0]
      out.push(text === '\\z' ? '$' : text)
      at += text.length
    } else {
      out.push(
        now.anyCase && /[a-z]/i.test(rest)
          ? `[${rest.toUpperCase()}${rest.toLowerCase()}]`
          : rest === '.' && now.dotAll
            ? '[^]'
            : rest,
      )
      at += 1
    }
  }
  const pattern = out.join('')
  new RegExp(pattern) // throws where it is none
  return pattern
}

function classOf(text: string, anyCase: boolean): string {
  const plain = text.replace('[:alnum:]', 'A-Za-z0-9')
  if (!anyCase) return plain
  // A range or a letter, not what is escaped.
  return plain.replace(/\\.|([a-z])-([a-z])|([A-Z])-([A-Z])|[a-zA-Z]/g, (part) => {
    if (part.startsWith('\\')) return part
    const other = part === part.toLowerCase() ? part.toUpperCase() : part.toLowerCase()
    return plain.includes(other) ? part : part + other
  })
}
