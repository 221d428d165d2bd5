import { UsageError } from '../../model/errors.js'
import { maskPatterns } from '../../lib/secrets/secret-texts.js'
import type { Json, JsonObject } from '../../model/values.js'
import { isObject } from './merge.js'
import { isTextPlace } from './text-places.js'

/** A higher index is a typing error (Helm refuses it too). */
const MAX_INDEX = 65_536
/** Nested keys; Helm's limit. */
const MAX_LEVELS = 30

type Key = string | number

/**
 * Applies one `--set` text to values, like Helm: `a.b=1,c[0]=x,list={1,2}`; `\` escapes a comma, dot, brace or equals
 * sign; true, false, null and integers are not strings unless `asString`, but versions and image tags always are.
 * Returns new values. Throws UsageError for what Helm refuses or would drop silently.
 */
export function setValue(values: JsonObject, text: string, asString: boolean): JsonObject {
  const reader = new SetReader(text, asString)
  let result = values
  while (!reader.isAtEnd()) {
    const keys = reader.keys()
    result = put(result, keys, reader.value(keys), text) as JsonObject
  }
  return result
}

/** Reads the assignments of one text, from left to right. */
class SetReader {
  private at = 0
  /** Where the current assignment begins. */
  private start = 0

  constructor(
    private readonly text: string,
    private readonly asString: boolean,
  ) {}

  isAtEnd(): boolean {
    return this.at >= this.text.length
  }

  /** The keys up to the equals sign, which is consumed. */
  keys(): Key[] {
    this.start = this.at
    const keys: Key[] = []
    for (let last: string | undefined = '.'; last !== '=';) {
      if (last === '[') {
        keys.push(this.index())
        last = this.text[this.at++]
        if (last === '.' || last === '[' || last === '=') continue
        throw this.wrongKey()
      }
      const word = this.until('=[,.')
      last = word.last
      if (word.text === '') throw this.wrongKey()
      if (last === undefined || last === ',') {
        // It may be a piece of a secret that contains a comma.
        const shown = maskPatterns(this.text) === this.text ? this.text.slice(this.start, this.at) : '…'
        throw new UsageError(`"${shown}" is not of the form key=value.`, {
          nextSteps: ['write it as for helm: --set replicas=2; \\, for a comma within a value'],
        })
      }
      keys.push(word.text)
    }
    if (keys.length > MAX_LEVELS) {
      throw new UsageError(
        `"${this.text.slice(this.start, this.at)}" has more than ${MAX_LEVELS} nested keys.`,
      )
    }
    return keys
  }

  /** The value of these keys, up to the comma after it, which is consumed. */
  value(keys: Key[]): Json {
    if (this.text[this.at] !== '{') {
      const { text } = this.until(',')
      return isTextPlace(keys) && text.toLowerCase() !== 'null' ? text : this.typed(text)
    }
    const start = this.at
    this.at += 1
    const items: Json[] = []
    for (;;) {
      const { text, last } = this.until(',}')
      if (last === undefined) throw this.wrongList(start)
      items.push(this.typed(text))
      if (last === '}') break
    }
    if (!this.isAtEnd() && this.text[this.at] !== ',') throw this.wrongList(start)
    this.at += 1
    return items
  }

  private index(): number {
    const { text, last } = this.until(']')
    if (last === undefined || !/^\d+$/.test(text)) throw this.wrongKey()
    if (Number(text) > MAX_INDEX) throw new UsageError(`The index ${text} is over ${MAX_INDEX}.`)
    return Number(text)
  }

  /** The text before the first of these characters, which is consumed; `last` is undefined at the end of the text. */
  private until(stops: string): { text: string; last?: string } {
    let text = ''
    while (!this.isAtEnd()) {
      const char = this.text[this.at++]!
      if (stops.includes(char)) return { text, last: char }
      if (char !== '\\') text += char
      else if (!this.isAtEnd()) text += this.text[this.at++]!
    }
    return { text }
  }

  private typed(text: string): Json {
    if (this.asString) return text
    const word = text.toLowerCase()
    if (word === 'true') return true
    if (word === 'false') return false
    if (word === 'null') return null
    // A leading zero makes it a string, as in Helm: 007 is not a number.
    if (text === '0') return 0
    if (!/^[+-]?\d+$/.test(text) || text.startsWith('0') || !fitsIn64Bits(text)) return text
    // Turns -0 into 0.
    if (Number.isSafeInteger(Number(text))) return Number(text) + 0
    throw new UsageError(`${text} has too many digits to be kept exactly.`, {
      nextSteps: [`give it as a string: --set-string …=${text}`],
    })
  }

  private wrongKey(): UsageError {
    return new UsageError(`"${this.text.slice(this.start).split('=', 1)[0]}" is not a key.`, {
      nextSteps: ['write it as for helm: dots between keys, [0] for list items, \\. for a dot in a key'],
    })
  }

  private wrongList(start: number): UsageError {
    const place = this.text.slice(0, start).split(',').at(-1) ?? ''
    return new UsageError(`The list after "${place}" does not end with "}".`, {
      nextSteps: ['write it as for helm: --set list={a,b}; \\{ and \\} for literal braces'],
    })
  }
}

/** Helm treats a larger integer as a string. */
function fitsIn64Bits(text: string): boolean {
  const integer = BigInt(text.replace(/^\+/, ''))
  return BigInt.asIntN(64, integer) === integer
}

function put(into: Json | undefined, keys: Key[], value: Json, text: string): Json {
  const [key, ...rest] = keys
  if (key === undefined) return value
  if (typeof key === 'number') {
    const list = Array.isArray(into) ? [...into] : []
    if (into !== undefined && into !== null && !Array.isArray(into)) throw occupied(into, text)
    while (list.length < key) list.push(null)
    list[key] = put(list[key], rest, value, text)
    return list
  }
  if (into !== undefined && into !== null && !isObject(into)) throw occupied(into, text)
  const map = into ?? {}
  const below = Object.hasOwn(map, key) ? map[key] : undefined
  return { ...map, [key]: put(below, rest, value, text) }
}

function occupied(there: Json, text: string): UsageError {
  const what = Array.isArray(there) ? 'a list' : isObject(there) ? 'a map' : 'a single value'
  return new UsageError(`"${text.split('=', 1)[0]}" sets a key inside ${what}.`, {
    nextSteps: ['set the whole value instead, or remove it from the values files'],
  })
}
