import { KnownSecrets, MASK } from './known-secrets.js'
import { isPlural, isSecretKey, mayBeSecret, mayNameObject } from './secret-keys.js'
import { maskPatterns, secretsInText } from './secret-texts.js'

/** Maps whose keys are names that people gave, or words of canary's own: of versions, of kinds of errors. */
const KEYED_BY_NAMES = new Set(['deployment', 'byVersion', 'errors'])

/** Within something secret, what only says where and how: the rest of `secret: {name: db, mountPath: /etc/db}`. */
const HARMLESS = new Set(
  (
    'name namespace key kind type enabled create optional path mountPath subPath file fileName annotations labels ' +
    'secretName existingSecret audience expirationSeconds defaultMode mode port replicas length size ttl ' +
    'username user host hostname domain url uri issuer endpoint region database provider'
  ).split(' '),
)

/** Deeper data is no values of a chart: it is not shown. */
const MAX_DEPTH = 200

/** A place in the data. */
interface Place {
  /** The key it is under. */
  key: string
  /** Inside of something whose key is secret-like. */
  secret: boolean
  /** The headers of a canary route, a stage or an expectation: told to everybody. */
  marks: boolean
  depth: number
}

const ROOT: Place = { key: '', secret: false, marks: false, depth: 0 }

/** What becomes of a secret, and of the other texts. */
interface Masking {
  secret: (value: string | number, key: string) => string
  text: (text: string) => string
}

/**
 * A copy of any JSON-like data in which what is under secret-like keys, at any depth, reads `***`: in maps, in lists of
 * `{name: DB_PASSWORD, value: …}`, after `--password` in a list of arguments, in the data of a Secret. Names, references
 * (`valueFrom`, `secretName`), booleans, nulls and empty texts stay, and so do the headers that mark a request for the
 * canary. Secrets within other texts go by `text`, by default those that show by their form.
 */
export function maskSecrets<T>(data: T, text: (text: string) => string = maskPatterns): T {
  return walk(data, ROOT, { secret: () => MASK, text }) as T
}

/**
 * The texts that `maskSecrets` masks, each once: what is under secret-like keys, in arguments, in the text of files, in DSNs and
 * in JSON. To be found again in what others say.
 */
export function secretsIn(data: unknown): string[] {
  const found = new Set<string>()
  collect(data, { secret: (value) => found.add(value), other: () => undefined })
  return [...found]
}

interface Collector {
  /** `key` is what it stands under, empty within a text. */
  secret: (value: string, key: string) => void
  /** Texts that are no secrets. */
  other: (text: string) => void
}

function collect(data: unknown, { secret, other }: Collector): void {
  walk(data, ROOT, {
    secret: (value, key) => {
      secret(String(value), key)
      return MASK
    },
    text: (text) => {
      const json = jsonIn(text)
      if (json !== undefined) collect(json, { secret, other })
      const [, flag = '', value = ''] = /^--?([A-Za-z][\w-]*)=(.+)$/s.exec(text) ?? []
      const inText = isSecretKey(flag) && !isPlural(flag) ? [value] : secretsInText(text)
      for (const found of inText) secret(found, '')
      if (inText.length === 0) other(text)
      return text
    },
  })
}

/** What a text is as JSON, such as that of an environment variable; undefined where it is none. */
function jsonIn(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    const data: unknown = JSON.parse(text)
    return data
  } catch {
    return undefined
  }
}

function walk(data: unknown, place: Place, masking: Masking): unknown {
  if (typeof data === 'string' || typeof data === 'number') {
    if (place.secret && data !== '') return masking.secret(data, place.key)
    return typeof data === 'string' ? masking.text(data) : data
  }
  if (typeof data !== 'object' || data === null) return data
  if (place.depth >= MAX_DEPTH) return '… (too deep to be shown)'
  const depth = place.depth + 1
  if (Array.isArray(data)) {
    return data.map((item, index) => {
      const secret = place.secret || isSecretFlag(data[index - 1], item)
      return walk(item, { ...place, secret, depth }, masking)
    })
  }
  const map = data as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(map).map(([key, child]) => {
      const secret = isSecretPlace(key, child, map, place)
      const marks = key === 'headers' && (place.key === 'canary' || 'primary' in map)
      return [key, walk(child, { key, secret, marks, depth }, masking)]
    }),
  )
}

/** Whether what is under a key of a map is a secret. */
function isSecretPlace(key: string, child: unknown, map: Record<string, unknown>, place: Place): boolean {
  if (key === 'valueFrom') return false
  if (place.secret) return !HARMLESS.has(key)
  if (place.marks || KEYED_BY_NAMES.has(place.key)) return false
  if (key === 'value') return [map.name, map.key].some((name) => isSecretPair(name, child))
  if ((key === 'data' || key === 'stringData') && map.kind === 'Secret') return true
  if (typeof child === 'number' && isPlural(key)) return false
  return isSecretPair(key, child)
}

function isSecretPair(key: unknown, value: unknown): boolean {
  if (typeof key !== 'string') return false
  return isSecretKey(key) || (typeof value === 'string' && mayBeSecret(key, value))
}

/** Whether an argument of a command is the value of the secret-like flag before it. */
function isSecretFlag(flag: unknown, argument: unknown): boolean {
  if (typeof flag !== 'string' || typeof argument !== 'string') return false
  return /^--?[A-Za-z][\w-]*$/.test(flag) && !argument.startsWith('-') && isSecretKey(flag) && !isPlural(flag)
}

/** What a terminal takes for a change of colour; as letters beside a word they would hide it. */
const COLOUR = /(\u001b\[[\d;]*m)/

/**
 * The secrets that one command has come across, and the masking of all that leaves it: by keys, by form, and wherever
 * else one of them shows up again (in the log of a pod, in an answer that repeats its request).
 */
export class Secrets {
  private readonly known = new KnownSecrets({ whole: true })

  /** Takes note of the secrets in values that are applied or were read. */
  learn(values: unknown): void {
    const names = new Set<string>()
    const found = new Map<string, string>()
    collect(values, {
      secret: (secret, key) => found.set(secret, key),
      other: (text) => {
        for (const word of text.match(/[\w-]{8,}/g) ?? []) names.add(word)
      },
    })
    for (const [secret, key] of found) {
      // A word that also stands where it is no secret, as of a user or in an image, is a name.
      if (names.has(secret) || (mayNameObject(key) && NAME.test(secret))) continue
      this.add(secret)
      const decoded = fromBase64(secret)
      if (decoded !== undefined) this.add(decoded)
    }
  }

  /** Takes note of the values of headers sent with every probe, but for names such as `staging` that no key calls secret. */
  addHeaders(headers: Record<string, string>): void {
    for (const [name, value] of Object.entries(headers)) {
      if (isSecretKey(name) || !NAME.test(value)) this.add(value)
    }
  }

  /** Takes note of one secret, such as that of a variable of the caller: credentials without their scheme, too. */
  add(secret: string): void {
    const credentials = /^\w+ +(\S+)$/.exec(secret)?.[1]
    if (credentials !== undefined) this.add(credentials)
    if (isDistinctive(secret)) this.known.add(secret)
  }

  /** Data to print, log or report. */
  mask<T>(data: T): T {
    return maskSecrets(data, (text) => this.maskText(text))
  }

  /** A text to print, in colour or not. */
  maskText(text: string): string {
    return text
      .split(COLOUR)
      .map((part, index) => (index % 2 === 0 ? this.known.mask(maskPatterns(part)) : part))
      .join('')
  }
}

/** What Kubernetes takes for a name, with letters first. */
const NAME = /^[a-z]+(?:[-._/:][a-z0-9]+)*$/

/** Whether a text is a secret wherever it stands: not one that is short, a number, or a word such as `password`. */
function isDistinctive(text: string): boolean {
  return text.length >= (/^(?:[a-z]+|\d+)$/.test(text) ? 8 : 6) && !isSecretKey(text)
}

/** The text that is written in base64, as in the data of a Secret; undefined where that is none. */
function fromBase64(text: string): string | undefined {
  if (text.length < 8 || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined
  const decoded = Buffer.from(text, 'base64').toString('utf8').trim()
  return /[\p{Cc}\ufffd]/u.test(decoded.replace(/[\r\n\t]/g, '')) ? undefined : decoded
}
