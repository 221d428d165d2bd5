import { KnownSecrets, MASK } from './known-secrets.js'
import { isPlural, isSecretKey, mayBeSecret, mayNameObject } from './secret-keys.js'
import { maskPatterns, secretsInText } from './secret-texts.js'

/** Maps whose keys are names chosen by people, or canary's own words: versions, kinds of errors. */
const KEYED_BY_NAMES = new Set(['deployment', 'byVersion', 'errors'])

/** Keys within something secret that only describe where and how: the rest of `secret: {name: db, mountPath: /etc/db}`. */
const HARMLESS = new Set(
  (
    'name namespace key kind type enabled create optional path mountPath subPath file fileName annotations labels ' +
    'secretName existingSecret audience expirationSeconds defaultMode mode port replicas length size ttl ' +
    'username user host hostname domain url uri issuer endpoint region database provider'
  ).split(' '),
)

/** No chart has deeper values: they are not shown. */
const MAX_DEPTH = 200

/** A place in the data. */
interface Place {
  /** Its key. */
  key: string
  /** Inside something with a secret-like key. */
  secret: boolean
  /** The headers of a canary route, a stage or an expectation: public. */
  marks: boolean
  depth: number
}

const ROOT: Place = { key: '', secret: false, marks: false, depth: 0 }

/** Replacements for secrets and for other texts. */
interface Masking {
  secret: (value: string | number, key: string) => string
  text: (text: string) => string
}

/**
 * A copy of any JSON-like data in which values under secret-like keys, at any depth, read `***`: in maps, in lists of
 * `{name: DB_PASSWORD, value: …}`, after `--password` in a list of arguments, in the data of a Secret. Names, references
 * (`valueFrom`, `secretName`), booleans, nulls, empty texts and canary headers stay. `text` masks secrets within other texts,
 * by default those recognizable by their form.
 */
export function maskSecrets<T>(data: T, text: (text: string) => string = maskPatterns): T {
  return walk(data, ROOT, { secret: () => MASK, text }) as T
}

/**
 * The texts that `maskSecrets` masks, each once: values under secret-like keys, in arguments, in the text of files, in DSNs and
 * in JSON. Used to find them again in the texts of others.
 */
export function secretsIn(data: unknown): string[] {
  const found = new Set<string>()
  collect(data, { secret: (value) => found.add(value), other: () => undefined })
  return [...found]
}

interface Collector {
  /** `key` is its key, empty within a text. */
  secret: (value: string, key: string) => void
  /** Texts that are not secrets. */
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

/** A text parsed as JSON, such as that of an environment variable; undefined if it is not JSON. */
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

/** Whether the value of a map's key is a secret. */
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

/** Colour sequences of terminals: their letters beside a word would hide it. */
const COLOUR = /(\u001b\[[\d;]*m)/

/**
 * The secrets that one command has seen, and the masking of all its output: by keys, by form, and wherever
 * one of them reappears (in the log of a pod, in an answer that repeats its request).
 */
export class Secrets {
  private readonly known = new KnownSecrets({ whole: true })

  /** Registers the secrets in values that are applied or were read. */
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
      // A word that also occurs where it is not a secret, such as a user or in an image, is a name.
      if (names.has(secret) || (mayNameObject(key) && NAME.test(secret))) continue
      this.add(secret)
      const decoded = fromBase64(secret)
      if (decoded !== undefined) this.add(decoded)
    }
  }

  /** Registers the values of headers sent with every probe, except names such as `staging` under keys that are not secret-like. */
  addHeaders(headers: Record<string, string>): void {
    for (const [name, value] of Object.entries(headers)) {
      if (isSecretKey(name) || !NAME.test(value)) this.add(value)
    }
  }

  /** Registers one secret, such as an environment variable of the caller: credentials without their scheme, too. */
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

/** A Kubernetes name that starts with letters. */
const NAME = /^[a-z]+(?:[-._/:][a-z0-9]+)*$/

/** Whether a text is a secret wherever it occurs: not if it is short, a number, or a word such as `password`. */
function isDistinctive(text: string): boolean {
  return text.length >= (/^(?:[a-z]+|\d+)$/.test(text) ? 8 : 6) && !isSecretKey(text)
}

/** The decoded text of base64, as in the data of a Secret; undefined if it is not text. */
function fromBase64(text: string): string | undefined {
  if (text.length < 8 || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined
  const decoded = Buffer.from(text, 'base64').toString('utf8').trim()
  return /[\p{Cc}\ufffd]/u.test(decoded.replace(/[\r\n\t]/g, '')) ? undefined : decoded
}
