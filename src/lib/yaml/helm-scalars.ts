/**
 * How Helm and Kubernetes read an unquoted scalar: YAML 1.1's words and numbers, and the `0o17` of 1.2. They read dates and
 * `1:30` as text. A number too large for a double is Infinity.
 */
export function plainScalar(text: string): string | number | boolean | null {
  if (NULLS.has(text)) return null
  const word = WORDS.get(text)
  if (word !== undefined) return word
  if (text.startsWith('.')) return DOT_FLOAT.test(text) ? Number(text) : text
  if (!/^[-+0-9]/.test(text)) return text
  const digits = text.replaceAll('_', '')
  const integer = INTEGER.exec(digits)?.groups
  if (integer) {
    const size = Number(sizeOf(integer))
    return integer.sign === '-' ? 0 - size : size
  }
  return FLOAT.test(digits) ? Number(digits) : text
}

const NULLS = new Set(['', '~', 'null', 'Null', 'NULL'])
const WORDS = new Map<string, boolean | number>([
  ...cases(['y', 'yes', 'on', 'true']).map((word) => [word, true] as const),
  ...cases(['n', 'no', 'off', 'false']).map((word) => [word, false] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, NaN] as const),
  ...cases(['.inf', '+.inf']).map((word) => [word, Infinity] as const),
  ...cases(['-.inf']).map((word) => [word, -Infinity] as const),
])
/** A leading 0 is octal if all digits are; `089` is a decimal number. */
const INTEGER =
  /^(?<sign>[-+]?)(?:0x(?<hex>[0-9a-f]+)|0b(?<binary>[01]+)|0o?(?<octal>[0-7]+)|(?<decimal>0|[1-9][0-9]*))$/i
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const DOT_FLOAT = /^\.[0-9]+(?:[eE][-+]?[0-9]+)?$/

/** Whether the scalar's double has its exact value: nothing is rounded away. */
export function isKeptExactly(text: string): boolean {
  const value = plainScalar(text)
  if (typeof value !== 'number') return true
  if (!Number.isFinite(value)) return false
  const digits = text.replaceAll('_', '')
  const integer = INTEGER.exec(digits)?.groups
  if (integer && integer.decimal === undefined) return BigInt(sizeOf(integer)) === BigInt(Math.abs(value))
  return significant(digits) === significant(String(value))
}

/** An integer without its sign, as JavaScript writes one of its base. */
function sizeOf({ hex, binary, octal, decimal = '' }: Record<string, string | undefined>): string {
  if (hex !== undefined) return `0x${hex}`
  if (binary !== undefined) return `0b${binary}`
  return octal === undefined ? decimal : `0o${octal}`
}

/** Digits and exponent of a decimal number, without zeros at either end and without the sign. */
function significant(text: string): string {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().replace(/^[-+]/, '').split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const digits = (whole + fraction).replace(/^0+/, '')
  const short = digits.replace(/0+$/, '')
  if (short === '') return '0'
  return `${short}e${Number(exponent) - fraction.length + digits.length - short.length}`
}

/** `yes`, `Yes` and `YES`. */
function cases(words: string[]): string[] {
  return words.flatMap((word) => [
    word,
    word.replace(/[a-z]/, (letter) => letter.toUpperCase()),
    word.toUpperCase(),
  ])
}
