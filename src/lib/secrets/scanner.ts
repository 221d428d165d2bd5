import { FORMS, NAMES, RANDOM, type ScannerRule } from './scanner-rules.js'

/** Between a name and its value: `TOKEN=…`, `token: …`, `"token" => "…"`; not the `name:tag` of an image. */
const GIVEN = `(?:[ \\t\\w.-]{0,20})[\\s'"]{0,3}(?:=>|\\?=|=|>|:{1,3}=|\\|\\||:(?=[\\s'"\\x60])|,(?=\\s{0,3}['"\\x60]))[\\x60'"\\s=]{0,5}`
/** Git commits and image digests, recognized by the text before them. */
const DIGEST = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/
const OF_DIGEST = /commit|revision|sha|digest|version|image|tag/i
/** The rest of a secret that is longer than the rules match: it is masked, too. */
const LONG = 256
const REST = /[\w+/=.-]*/y

interface Scan {
  rule: ScannerRule
  source: string
  isNamed: boolean
  pattern?: RegExp
}

/** The rules by their keywords, and these by their first two characters. */
let index: Map<number, { keyword: string; scans: Scan[] }[]> | undefined

/**
 * Replaces each secret that a rule of the scanner finds in a text. Rules run only on texts with one of their keywords;
 * the total time is linear in the text.
 */
export function replaceScanned(text: string, replace: (secret: string) => string): string {
  let result = text
  for (const scan of scansFor(text.toLowerCase())) result = replaceFound(result, scan, replace)
  return result
}

/** Whether a text looks random, as tokens do and words do not. */
export function isRandom(text: string): boolean {
  return /^[\w.=+/-]{10,150}$/.test(text) && /\d/.test(text) && entropyOf(text) >= RANDOM.entropy
}

const HARMLESS_KEY = new RegExp(RANDOM.harmlessKeys, 'i')

/** Whether scanners ignore a key with a word such as `key` or `access`: `primaryKey`, `apiVersion`. */
export function isHarmlessKey(key: string): boolean {
  return HARMLESS_KEY.test(key)
}

function scansFor(lower: string): Set<Scan> {
  index ??= buildIndex()
  const found = new Set<Scan>()
  for (let at = 0; at + 1 < lower.length; at += 1) {
    const entries = index.get((lower.charCodeAt(at) << 16) | lower.charCodeAt(at + 1))
    if (!entries) continue
    for (const { keyword, scans } of entries) {
      if (lower.startsWith(keyword, at)) for (const scan of scans) found.add(scan)
    }
  }
  return found
}

function buildIndex(): NonNullable<typeof index> {
  const scans = [
    ...FORMS.map((rule): Scan => ({ rule, source: rule[3], isNamed: false })),
    ...NAMES.map((rule): Scan => ({ rule, source: `${rule[4]}${GIVEN}(?:${rule[3]})`, isNamed: true })),
  ]
  const byKeyword = new Map<string, Scan[]>()
  for (const scan of scans) {
    for (const keyword of scan.rule[0].split(' ')) {
      byKeyword.set(keyword, [...(byKeyword.get(keyword) ?? []), scan])
    }
  }
  const built: NonNullable<typeof index> = new Map()
  for (const [keyword, own] of byKeyword) {
    const start = (keyword.charCodeAt(0) << 16) | keyword.charCodeAt(1)
    built.set(start, [...(built.get(start) ?? []), { keyword, scans: own }])
  }
  return built
}

function replaceFound(text: string, scan: Scan, replace: (secret: string) => string): string {
  const { rule, source, isNamed } = scan
  const [, flags, entropy] = rule
  const pattern = (scan.pattern ??= new RegExp(source, `g${flags}`))
  let result = ''
  let from = 0
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const [whole, ...groups] = match
    const secret = groups.find((group) => group !== undefined) ?? whole
    const start = match.index + whole.lastIndexOf(secret)
    if (secret === '' || start < from || entropyOf(secret) < entropy) continue
    if (isNamed && !isGiven(secret, whole)) continue
    let end = start + secret.length
    if (secret.length >= LONG) {
      REST.lastIndex = end
      end += REST.exec(text)![0].length
    }
    result += text.slice(from, start) + replace(text.slice(start, end))
    from = end
    pattern.lastIndex = end
  }
  return result + text.slice(from)
}

/** Whether the text after a provider's name is one of its secrets, not a word or a digest. */
function isGiven(secret: string, whole: string): boolean {
  return /\d/.test(secret) && !(DIGEST.test(secret) && OF_DIGEST.test(whole))
}

/** Bits per character (Shannon). */
function entropyOf(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}
