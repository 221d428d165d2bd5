/**
 * Characters that a terminal obeys or hides: control characters, bidi controls, zero-width characters, noncharacters, and
 * the tags of emoji; not line breaks and tabs. Part of a character class, for patterns with the flag `u`.
 */
export const OBEYED =
  '\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\ufffe\\uffff\\u{e0000}-\\u{e007f}'
const HIDDEN = new RegExp(`[${OBEYED}]`, 'gu')

/** Whether the text has such a character. */
export function hasHidden(text: string): boolean {
  return text.search(HIDDEN) >= 0
}

/** The text with each such character replaced. */
export function replaceHidden(text: string, by: string | ((character: string) => string)): string {
  return text.replace(HIDDEN, typeof by === 'string' ? () => by : by)
}

/** A text of JSON or YAML with escapes for such characters, which must all be in double quotes. */
export function withEscapes(text: string, format: 'json' | 'yaml'): string {
  return replaceHidden(text, (character) => {
    const code = character.codePointAt(0)!
    if (code <= 0xffff) return `\\u${hex(code, 4)}`
    if (format === 'yaml') return `\\U${hex(code, 8)}`
    return [...Array(2).keys()].map((at) => `\\u${hex(character.charCodeAt(at), 4)}`).join('')
  })
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
