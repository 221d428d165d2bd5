import { isPlural, isSecretKey } from './secret-keys.js'

/** What is shown in the place of a secret. */
export const MASK = '***'

/** Shorter texts occur by chance: masking them everywhere would garble what is said. */
const MIN_LITERAL = 6

const PRIVATE_KEY =
  /(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)(?!\*)[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g
const JSON_WEB_TOKEN = /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g
/** `user:password@` after the scheme of a URL, and as Go's database drivers have it before `tcp(`. */
const USER_INFO = /(:\/\/[^\s/?#@"'<>:]*:)[^\s/?#"'<>]+@/g
const TOKEN_AS_USER = /(:\/\/)[^\s/?#@"'<>:]{20,}@/g
const GO_DSN = /\b([\w.-]{1,64}:)[^\s@"']{1,256}@(?=tcp\(|unix\()/g
/** Credentials after their scheme; words, as in "Basic authentication", are none. */
const CREDENTIALS = /\b(Bearer|Basic|Digest|Negotiate)( +)(?=[^\s"',]*[\d=_]|[^\s"',]{20})[\w.~+/=-]{6,}/gi
const FLAG = /(?<!\S)(--?[A-Za-z][\w-]{0,100})( +)(?!-)[^\s"']+/g
/** A key with what joins it to a value. */
const KEY = /(?<![\w./-])(\\?["']?)([\w.-]{1,100})(\\?["']?)( ?=(?![=>]) ?| ?: ?)/g
const QUOTED = /\\".*?\\"|"(?:[^"\\]|\\.)*"|'[^'\n]*'/sy
const BARE = /(?:(?:Bearer|Basic|Digest|Token) +)?[^\s"'`,;&)}\]]+/iy
/** What is nothing to hide. */
const EMPTY = /^(?:\\?["']{2}|true|false|null|nil|<nil>|[[{|>].*|map\[.*|\*+)$/s

/**
 * A text without the secrets that show by their form: passwords in URLs, bearer tokens, private keys, and what follows
 * a secret-like key, as `password=…`, `"token": "…"` or `apiKey: …` on a line of its own. Takes time linear in the text.
 */
export function maskPatterns(text: string): string {
  return maskKeyed(
    text
      .replace(PRIVATE_KEY, `$1${MASK}`)
      .replace(JSON_WEB_TOKEN, MASK)
      .replace(USER_INFO, `$1${MASK}@`)
      .replace(TOKEN_AS_USER, `$1${MASK}@`)
      .replace(GO_DSN, `$1${MASK}@`)
      .replace(CREDENTIALS, `$1$2${MASK}`)
      .replace(FLAG, (whole, flag: string, blank: string) =>
        isSecretKey(flag) && !isPlural(flag) ? `${flag}${blank}${MASK}` : whole,
      ),
  )
}

function maskKeyed(text: string): string {
  let masked = ''
  let from = 0
  const maps = text.search(/map\[|\{/)
  KEY.lastIndex = 0
  for (let match = KEY.exec(text); match; match = KEY.exec(text)) {
    const [whole, , key = '', quote, joint = ''] = match
    if (!isSecretKey(key)) continue
    const start = match.index + whole.length
    const value = valueAt(text, start)
    if (value === undefined) continue
    const quotes = /^\\?["']/.exec(value)?.[0] ?? ''
    if (!quotes && joint.includes(':') && !quote && !isYaml(text, match.index, start + value.length)) {
      // `key:value` is how Go prints maps; elsewhere it may be an image, or words.
      if (joint !== ':' || maps < 0 || match.index < maps) continue
    }
    masked += text.slice(from, start) + quotes + MASK + quotes
    from = start + value.length
    KEY.lastIndex = from
  }
  return masked + text.slice(from)
}

/** The value that begins there; undefined where there is none worth hiding. */
function valueAt(text: string, at: number): string | undefined {
  for (const form of [QUOTED, BARE]) {
    form.lastIndex = at
    const value = form.exec(text)?.[0]
    if (value !== undefined) return EMPTY.test(value) ? undefined : value
  }
  return undefined
}

/** Whether key and value are all there is on their line: in a sentence other words follow. */
function isYaml(text: string, start: number, end: number): boolean {
  const lineStart = text.lastIndexOf('\n', start) + 1
  return (
    /^[\s+~-]*$/.test(text.slice(lineStart, start)) && /^[ \t\r]*(?:\n|#|$)/.test(text.slice(end, end + 80))
  )
}

/** A text without any of these secrets, however it quotes them: as they are, in JSON, in base64, in a URL. */
export function maskLiterals(text: string, secrets: Iterable<string>): string {
  const pattern = patternOf([...secrets].filter((secret) => secret.length >= MIN_LITERAL))
  return pattern ? text.replace(pattern, MASK) : text
}

/** A pattern that finds these secrets in all forms, the longest first; undefined where there are none. */
export function patternOf(secrets: string[], options: { whole?: boolean } = {}): RegExp | undefined {
  const forms = new Set(secrets.flatMap(formsOf))
  if (forms.size === 0) return undefined
  const alternatives = [...forms].sort((a, b) => b.length - a.length).map(escaped)
  const source = alternatives.join('|')
  return new RegExp(options.whole ? `(?<![\\w-])(?:${source})(?![\\w-])` : source, 'g')
}

function formsOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).filter((line) => line.trim().length >= 12)
  return [
    secret,
    secret.trim(),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
    encodeURIComponent(Buffer.from(secret).toString('utf8')),
    ...(lines.length > 1 ? lines.map((line) => line.trim()) : []),
  ].filter((form) => form.length >= MIN_LITERAL)
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
