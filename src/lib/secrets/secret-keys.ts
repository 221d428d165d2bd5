import { isHarmlessKey, isRandom } from './scanner.js'

/** Words that, at the end of a key, make its value a secret. */
const SECRET_WORDS = new Set(
  (
    'password passwd pwd pass passphrase passcode secret token credential authorization cookie dsn jwt bearer ' +
    'salt otp htpasswd apikey dockerconfigjson dockercfg connectionstring connstr creds'
  ).split(' '),
)

/** Words that make a cryptographic key of the word `key` after them; not public, primary or cache keys. */
const KEY_KINDS = new Set(
  (
    'api private secret access signing encryption decryption master account license tls ssl ssh rsa storage shared ' +
    'service auth session crypto hmac jwt gpg pgp deploy webhook consumer subscription symmetric app fernet cipher aes ' +
    'cookie token vault'
  ).split(' '),
)

/** The same for pairs of words: the last two of a key. */
const SECRET_PAIRS = new Set([
  'connection string',
  'conn string',
  'conn str',
  'basic auth',
  'docker auth',
  'redis auth',
  'webhook url',
])

/** Words after the decisive one: they name which one or in what form, not what. */
const QUALIFIERS = new Set(
  'old new current previous next value b64 base64 pem plain raw text string hash hex base'.split(' '),
)

/** Words of a key that is secret if its value looks like a secret: `REDIS_AUTH`, `MAPS_KEY`, `DB_ACCESS`. */
const DOUBTFUL_WORDS = new Set('key auth access'.split(' '))

/** Only the end of a longer key is examined. */
const MAX_LENGTH = 100

/** Words before `secret` with which a key names a Kubernetes object, not its contents. */
const REFERRING = new Set('existing pull'.split(' '))

/** Words that people join to others: `dbpassword`, `MYSQLPASSWORD`, `accesstoken`. */
const RUN_TOGETHER =
  /(?:password|passwd|passphrase|apikey|secretkey|privatekey|accesskey|secret|token|credential|authorization|cookie)$|^(?:db|user|smtp|mail|redis|admin|root|my|pg|ftp|ldap|proxy)pass$/

type KeyClass = 'secret' | 'doubtful' | 'plain'

/** Cache: the same keys occur again and again. */
const known = new Map<string, KeyClass>()
const MOST_KNOWN = 2000

/**
 * Whether a key names a secret, by its words, however they are joined (`dbPassword`, `DB_PASSWORD`, `db-password`): the last
 * one decides, so that `tokenPath`, `secretName` and `secretKeyRef` stay readable.
 */
export function isSecretKey(key: string): boolean {
  return classOf(key) === 'secret'
}

/**
 * Whether a key that `isSecretKey` does not know may still name a secret; with a value, whether it does: if that looks
 * random.
 */
export function mayBeSecret(key: string, value?: string): boolean {
  return classOf(key) === 'doubtful' && (value === undefined || isRandom(value))
}

function classOf(key: string): KeyClass {
  let keyClass = known.get(key)
  if (keyClass === undefined) {
    if (known.size >= MOST_KNOWN) known.clear()
    const words = wordsOf(key.slice(-MAX_LENGTH))
    const isDoubtful = words.length > 1 && DOUBTFUL_WORDS.has(words.at(-1)!) && !isHarmlessKey(key)
    keyClass = endsInSecret(words) ? 'secret' : isDoubtful ? 'doubtful' : 'plain'
    known.set(key, keyClass)
  }
  return keyClass
}

function endsInSecret(words: string[]): boolean {
  for (;;) {
    const last = singular(words.at(-1) ?? '')
    const before = singular(words.at(-2) ?? '')
    if (last === 'secret' && REFERRING.has(before)) return false
    if (last === 'key' ? KEY_KINDS.has(before) : SECRET_WORDS.has(last) || RUN_TOGETHER.test(last))
      return true
    if (SECRET_PAIRS.has(`${words.at(-2)} ${last}`)) return true
    if (words.length < 2 || !isQualifier(last)) return false
    words.pop()
  }
}

/** Whether the value of a key can only be the name of an object with the secret: `tlsSecret: shop-tls`. */
export function mayNameObject(key: string): boolean {
  const words = wordsOf(key.slice(-MAX_LENGTH))
  const last = singular(words.at(-1) ?? '')
  return /[a-z]/.test(key) && /^(?:secret|credential)$/.test(last) && words.at(-2) !== 'client'
}

/** Whether a key is a plural: a number there is a count (`maxTokens: 100`), not a secret. */
export function isPlural(key: string): boolean {
  const last = wordsOf(key).at(-1) ?? ''
  return last !== singular(last)
}

function wordsOf(key: string): string[] {
  return key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
}

function isQualifier(word: string): boolean {
  return /^v?\d+$/.test(word) || QUALIFIERS.has(word)
}

function singular(word: string): string {
  return /^..+[^s]s$/.test(word) ? word.slice(0, -1) : word
}
