/** What is shown in the place of a secret. */
export const MASK = '***'

/** Shorter texts occur by chance: masking them everywhere would garble what is said. */
const MIN_LENGTH = 6
/** So many characters are compared one by one; beyond, the few texts that are left are compared whole. */
const MOST_STEPS = 64
/** What a word is made of. */
const WORD = /[\w-]/

/**
 * Texts that are secret, found again in others in whatever form: as they are, in JSON, in base64, in a URL, each line of
 * several. Adding is cheap; the first search after it sorts them all. A search takes time linear in the text, however many there are.
 */
export class KnownSecrets {
  private readonly secrets = new Set<string>()
  private forms?: string[]
  /** By the code of a character: whether a form begins with it. */
  private starts = new Set<number>()

  /** `whole`: only where no word goes on before or after them. */
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

  /** Length of the longest form that the text has there; 0 where it has none. */
  private longestAt(text: string, at: number, forms: string[]): number {
    let longest = 0
    // Of the sorted forms, those that begin as the text does, by more and more of their characters.
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

/** The first of the forms whose character there has this code, or a higher one. */
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
    // By way of a buffer: half a character has no form in a URL.
    encodeURIComponent(Buffer.from(secret).toString('utf8')),
    ...(lines.length > 1 ? lines.map((line) => line.trim()) : []),
  ].filter((form) => form.length >= MIN_LENGTH)
}
