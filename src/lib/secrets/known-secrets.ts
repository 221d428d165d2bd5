/** Replaces a secret. */
export const MASK = '***'

/** Shorter texts occur by chance: masking them everywhere would garble the output. */
const MIN_LENGTH = 6
/** Number of characters compared one by one; after these, the few remaining texts are compared whole. */
const MOST_STEPS = 64
/** Characters of a word. */
const WORD = /[\w-]/

/**
 * Secret texts, found again in other texts in any form: plain, in JSON, in base64, in a URL, line by line. Adding is
 * cheap; the first search after it sorts them all. A search takes time linear in the text, however many secrets there are.
 */
export class KnownSecrets {
  private readonly secrets = new Set<string>()
  private forms?: string[]
  /** By character code: whether a form begins with it. */
  private starts = new Set<number>()

  /** `whole`: only as whole words. */
  constructor(private readonly options: { whole: boolean }) {}

  add(secret: string): void {
    if (this.secrets.has(secret)) return
    this.secrets.add(secret)
    this.forms = undefined
  }

  mask(text: string): string {
    const forms = this.sorted()
    if (forms.length === 0) return text
    let masked = ''
    let from = 0
    for (let at = 0; at < text.length; at += 1) {
      if (!this.starts.has(text.charCodeAt(at)) || (this.options.whole && isWord(text, at - 1))) continue
      const length = this.longestAt(text, at, forms)
      if (length === 0) continue
      masked += text.slice(from, at) + MASK
      from = at + length
      at = from - 1
    }
    return masked + text.slice(from)
  }

  private sorted(): string[] {
    if (!this.forms) {
      this.forms = [...new Set([...this.secrets].flatMap(formsOf))].sort()
      this.starts = new Set(this.forms.map((form) => form.charCodeAt(0)))
    }
    return this.forms
  }

  /** Length of the longest form at that place of the text; 0 if there is none. */
  private longestAt(text: string, at: number, forms: string[]): number {
    let longest = 0
    // Narrows the sorted forms to those that begin like the text, character by character.
    let low = 0
    let high = forms.length
    for (let depth = 0; low < high && depth < MOST_STEPS; depth += 1) {
      if (forms[low]!.length === depth) {
        if (this.ends(text, at + depth)) longest = depth
        low += 1
      }
      const code = text.charCodeAt(at + depth)
      if (Number.isNaN(code)) return longest
      low = firstFrom(forms, low, high, depth, code)
      high = firstFrom(forms, low, high, depth, code + 1)
    }
    for (const form of forms.slice(low, high)) {
      if (form.length > longest && text.startsWith(form, at) && this.ends(text, at + form.length)) {
        longest = form.length
      }
    }
    return longest
  }

  private ends(text: string, at: number): boolean {
    return !(this.options.whole && isWord(text, at))
  }
}

/** The first form whose character there has this code, or a higher one. */
function firstFrom(forms: string[], low: number, high: number, depth: number, code: number): number {
  while (low < high) {
    const middle = (low + high) >> 1
    if (forms[middle]!.charCodeAt(depth) < code) low = middle + 1
    else high = middle
  }
  return low
}

function isWord(text: string, at: number): boolean {
  return at >= 0 && at < text.length && WORD.test(text[at]!)
}

function formsOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).filter((line) => line.trim().length >= 12)
  return [
    secret,
    secret.trim(),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
    // Through a buffer: half a character has no form in a URL.
    encodeURIComponent(Buffer.from(secret).toString('utf8')),
    ...(lines.length > 1 ? lines.map((line) => line.trim()) : []),
  ].filter((form) => form.length >= MIN_LENGTH)
}
