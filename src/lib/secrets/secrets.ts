import { isPlural, isSecretKey } from './secret-keys.js'
import { MASK, maskPatterns, patternOf } from './secret-texts.js'

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
  secret: (value: string | number) => string
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
 * The texts that `maskSecrets` masks because of their keys, those of arguments and the passwords of URLs included, each
 * once: to be found again in what others say.
 */
export function secretsIn(data: unknown): string[] {
  const found = new Set<string>()
  const secret = (value: string | number) => {
    found.add(String(value))
    return MASK
  }
  const text = (text: string) => {
    const [, flag = '', value = ''] = /^--?([A-Za-z][\w-]*)=(.+)$/s.exec(text) ?? []
    if (isSecretKey(flag) && !isPlural(flag)) found.add(value)
    const password = /:\/\/[^\s/?#@:]*:([^\s/?#]+)@/.exec(text)?.[1]
    if (password !== undefined) found.add(password)
    return text
  }
  walk(data, ROOT, { secret, text })
  return [...found]
}

function walk(data: unknown, place: Place, masking: Masking): unknown {
  if (typeof data === 'string' || typeof data === 'number') {
    if (place.secret && data !== '') return masking.secret(data)
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
  if (key === 'value')
    return [map.name, map.key].some((name) => typeof name === 'string' && isSecretKey(name))
  if ((key === 'data' || key === 'stringData') && map.kind === 'Secret') return true
  if (typeof child === 'number' && isPlural(key)) return false
  return isSecretKey(key)
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
  private readonly known = new Set<string>()
  private pattern?: RegExp

  /** Takes note of the secrets in values that are applied or were read. */
  learn(values: unknown): void {
    for (const secret of secretsIn(values)) this.add(secret)
  }

  /** Takes note of one secret, such as the value of a header sent with every probe: credentials without scheme, too. */
  add(secret: string): void {
    const credentials = /^\w+ +(\S+)$/.exec(secret)?.[1]
    if (credentials !== undefined) this.add(credentials)
    if (!isDistinctive(secret) || this.known.has(secret)) return
    this.known.add(secret)
    this.pattern = patternOf([...this.known], { whole: true })
  }

  /** Data to print, log or report. */
  mask<T>(data: T): T {
    return maskSecrets(data, (text) => this.maskText(text))
  }

  /** A text to print, in colour or not. */
  maskText(text: string): string {
    return text
      .split(COLOUR)
      .map((part, index) => (index % 2 === 0 ? this.maskPlain(part) : part))
      .join('')
  }

  private maskPlain(text: string): string {
    const masked = maskPatterns(text)
    return this.pattern ? masked.replace(this.pattern, MASK) : masked
  }
}

/** Whether a text is a secret wherever it stands. One that could be a name (`shop-backend`) may be the app's, too. */
function isDistinctive(text: string): boolean {
  return text.length >= 8 && !/^[a-z]+(?:[-._/:][a-z0-9]+)*$/.test(text)
}
