import { KnownSecrets, MASK } from './known-secrets.js'
import { replaceScanned } from './scanner.js'
import { isPlural, isSecretKey, mayBeSecret } from './secret-keys.js'

/** Replacement for a secret in a text. */
type Replace = (secret: string) => string

/** The text before a secret, and the secret. */
const SHOWN_BY_FORM = [
  /(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)(?!\*)([\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$))/g,
  // A JSON web token.
  /()(?<![\w-])(eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)/g,
  // `user:password@` after the scheme of a URL, and a token in place of the user.
  /(:\/\/[^\s/?#@"'<>:]*:)([^\s/?#"'<>]+)(?=@)/g,
  /(:\/\/)([^\s/?#@"'<>:]{20,})(?=@)/g,
  // Signatures that grant access to anybody with the URL: Azure, AWS, Google.
  /([?&](?:sig|signature|x-amz-signature|x-goog-signature)=)([\w%+/=.~-]{16,})/gi,
  // Credentials after their scheme; not words, as in "Basic authentication".
  /(\b(?:Bearer|Basic|Digest|Negotiate) +)(?=[^\s"',]*[\d=_]|[^\s"',]{20})([\w.~+/=-]{6,})/gi,
]
const FLAG = /(?<!\S)(--?[A-Za-z][\w-]{0,100})( +)((?!-)[^\s"']+)/g
/** A key with its separator. */
const KEY =
  /(?<![\w./-])(\\?["']?)([\w.-]{1,100})(\\?["']?)([ \t]{0,16}=(?![=>])[ \t]{0,16}|[ \t]?:[ \t]{0,16})/g
/** The same in XML. */
const ELEMENT = /(<([A-Za-z][\w.-]{0,100})>)([^<>\n]{1,4096})(?=<\/)/g
const QUOTED = /\\".*?\\"|"(?:[^"\\]|\\.)*"|'[^'\n]*'/sy
const BARE = /(?:(?:Bearer|Basic|Digest|Token) +)?[^\s"'`,;&)}\]]+/iy
/** At most the length that `mayBeSecret` examines. */
const BARE_TOKEN = /[^\s"'`,;&)}\]]{1,151}/y
const QUOTE_AHEAD = /^\\?["']/
/** Begins a list, a map, a block of lines, or refers to a variable. */
const NO_VALUE = /^(?:[[{|>]|map\[|\$[({])/
/** Values that are not secret; `…` is the placeholder in a command to paste. */
const EMPTY = /^(?:\\?["']{2}|true|false|null|nil|<nil>|\*+|…)$/
/** Characters before a key that are examined. */
const INDENT = 200
/** After a password: a host with its port or a path, not the digest of an image. */
const ADDRESS = /^(?:(?:tcp|unix)\(|(?!sha\d+:)[\w.-]{1,253}(?::\d|\/))/
/** Before an address with a user but no password: of mail, of an identity. */
const NO_PASSWORD = /^(?:mailto|acct|sips?|xmpp|user|owner|group|team|email|mail|from|to|cc|serviceaccount)$/i

/**
 * Masks the secrets in a text that are recognizable by their form: passwords in URLs and DSNs, tokens and keys of known
 * providers, private keys, and values of secret-like keys, as in `password=…`, `"token": "…"` or `apiKey: …` on a line of its
 * own. Takes time linear in the text.
 */
export function maskPatterns(text: string): string {
  return replaceSecrets(text, () => MASK)
}

/** The secrets that `maskPatterns` masks, as in the text and, if it quotes them, without their escapes. */
export function secretsInText(text: string): string[] {
  const found = new Set<string>()
  replaceSecrets(text, (secret) => {
    found.add(secret)
    if (secret.includes('\\')) found.add(withoutEscapes(secret))
    return MASK
  })
  return [...found].filter((secret) => !/^\**$/.test(secret))
}

function replaceSecrets(text: string, replace: Replace): string {
  let result = text
  for (const form of SHOWN_BY_FORM) {
    result = result.replace(form, (_whole, before: string, secret: string) => before + replace(secret))
  }
  result = replaceScanned(replaceUserInfo(result, replace), replace)
  result = result.replace(FLAG, (whole, flag: string, blank: string, secret: string) =>
    isSecretKey(flag) && !isPlural(flag) ? flag + blank + replace(secret) : whole,
  )
  result = result.replace(ELEMENT, (whole, tag: string, name: string, secret: string) =>
    isSecretKey(name) && !EMPTY.test(secret) ? tag + replace(secret) : whole,
  )
  return replaceKeyed(result, replace)
}

/** Passwords of `user:password@host:port`, the form of database drivers without a scheme. */
function replaceUserInfo(text: string, replace: Replace): string {
  let result = ''
  let from = 0
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    if (!ADDRESS.test(text.slice(at + 1, at + 257))) continue
    let start = at
    while (start > from && at - start < 320 && /[^\s"'<>@,;=([{]/.test(text[start - 1]!)) start -= 1
    const [, user, password] = /^([\w.-]{1,64}):([^/][^/]*)$/.exec(text.slice(start, at)) ?? []
    if (user === undefined || password === undefined || NO_PASSWORD.test(user)) continue
    result += text.slice(from, at - password.length) + replace(password)
    from = at
  }
  return result + text.slice(from)
}

function replaceKeyed(text: string, replace: Replace): string {
  let result = ''
  let from = 0
  const maps = text.search(/map\[|\{/)
  KEY.lastIndex = 0
  for (let match = KEY.exec(text); match; match = KEY.exec(text)) {
    const [whole, , key = '', quote, joint = ''] = match
    const isSecret = isSecretKey(key)
    if (!isSecret && !mayBeSecret(key)) continue
    const start = match.index + whole.length
    // `key:value` is how Go prints maps; elsewhere it may be an image, or words, unless it has a line of its own.
    const isQuoted = quote !== '' || QUOTE_AHEAD.test(text.slice(start, start + 2))
    const isLine = isQuoted || !joint.includes(':') || (joint === ':' && maps >= 0 && match.index >= maps)
    if (!isLine && !beginsLine(text, match.index)) continue
    const value = valueAt(text, start, isSecret ? BARE : BARE_TOKEN)
    if (value === undefined) continue
    if (!isLine && !endsLine(text, start + value.length)) continue
    const [quotes = ''] = QUOTE_AHEAD.exec(value) ?? []
    const secret = value.slice(quotes.length, value.length - quotes.length)
    if (!isSecret && !mayBeSecret(key, secret)) continue
    // In `A= B=x` A is empty.
    if (/^=[ \t]/.test(joint) && /^[\w.-]+=/.test(value)) continue
    result += text.slice(from, start) + quotes + replace(secret) + quotes
    from = start + value.length
    KEY.lastIndex = from
  }
  return result + text.slice(from)
}

/** The value that begins there; undefined if it is not worth hiding. */
function valueAt(text: string, at: number, bare: RegExp): string | undefined {
  if (NO_VALUE.test(text.slice(at, at + 4))) return undefined
  for (const form of [QUOTED, bare]) {
    form.lastIndex = at
    const value = form.exec(text)?.[0]
    if (value !== undefined) return EMPTY.test(value) ? undefined : value
  }
  return undefined
}

/** Whether a key is the first on its line, as in YAML: in a sentence it has words around it. */
function beginsLine(text: string, start: number): boolean {
  const before = text.slice(Math.max(0, start - INDENT), start)
  const lineStart = before.lastIndexOf('\n') + 1
  return (lineStart > 0 || start <= INDENT) && /^[\s+~-]*$/.test(before.slice(lineStart))
}

function endsLine(text: string, end: number): boolean {
  return /^[ \t\r]*(?:\n|#|$)/.test(text.slice(end, end + 80))
}

function withoutEscapes(text: string): string {
  try {
    return String(JSON.parse(`"${text}"`))
  } catch {
    return text
  }
}

/** A text without any of these secrets, however it quotes them: as they are, in JSON, in base64, in a URL. */
export function maskLiterals(text: string, secrets: Iterable<string>): string {
  const known = new KnownSecrets({ whole: false })
  for (const secret of secrets) known.add(secret)
  return known.mask(text)
}
