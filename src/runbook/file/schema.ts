import { readFileSync } from 'node:fs'
import path from 'node:path'
import { closest } from '../../lib/closest.js'
import { packageFolder } from '../../lib/package-folder.js'

/** Way from the root of a document to a value in it. */
export type Path = (string | number)[]

/** Something wrong with a document: where, and what, a clause. */
export interface Problem {
  path: Path
  /** The key at the end of the path is meant, not its value. */
  isKey?: boolean
  message: string
}

/** The part of JSON schema (draft 07) that runbooks are described with. */
export interface Schema {
  $ref?: string
  allOf?: Schema[]
  anyOf?: Schema[]
  /** Of maps: each form requires keys of which another has none. */
  oneOf?: { required: string[] }[]
  /** What a value has to be, as a noun for messages. */
  title?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  pattern?: string
  minLength?: number
  minimum?: number
  maximum?: number
  items?: Schema
  minItems?: number
  required?: string[]
  properties?: Record<string, Schema>
  propertyNames?: Schema
  additionalProperties?: boolean | Schema
  minProperties?: number
  definitions?: Record<string, Schema>
  description?: string
  $schema?: string
}

/** The schema that comes with canary, for editors and for the parser alike. */
export function runbookSchema(): Schema {
  return JSON.parse(readFileSync(path.join(packageFolder, 'schema', 'runbook-v1.json'), 'utf8')) as Schema
}

/**
 * All that is wrong with a value by the schema, in the words of people who write such files; empty where nothing is. `textAt` gives how
 * a number, true or false is written, for messages.
 */
export function checkSchema(
  value: unknown,
  schema: Schema,
  textAt: (path: Path) => string | undefined = () => undefined,
): Problem[] {
  return new Checker(schema, textAt).check(value, schema, [])
}

class Checker {
  constructor(
    private readonly root: Schema,
    private readonly textAt: (path: Path) => string | undefined,
  ) {}

  check(value: unknown, given: Schema, path: Path): Problem[] {
    const schema = this.resolve(given)
    if (schema.anyOf) return this.anyOf(value, schema, path)
    const wrong = (message: string): Problem[] => [{ path, message }]
    if (schema.const !== undefined && value !== schema.const) {
      return wrong(`must be ${JSON.stringify(schema.const)}, not ${show(value)}`)
    }
    if (schema.enum && !schema.enum.includes(value)) return wrong(notOneOf(value, schema.enum))
    if (schema.type && ![schema.type].flat().some((type) => isOfType(value, type))) {
      return wrong(`must be ${schema.title ?? nounOf(schema.type)}, not ${this.shown(value, path, [schema])}`)
    }
    if (typeof value === 'string') {
      const fits = schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(value)
      if (!fits) return wrong(`must be ${schema.title ?? `like ${schema.pattern}`}, not ${show(value)}`)
      return value.length < (schema.minLength ?? 0) ? wrong('must not be empty') : []
    }
    if (typeof value === 'number') {
      const fits = value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity)
      return fits
        ? []
        : wrong(`must be from ${schema.minimum ?? '…'} to ${schema.maximum ?? '…'}, not ${value}`)
    }
    if (Array.isArray(value)) {
      if (value.length < (schema.minItems ?? 0)) return wrong('must not be empty')
      return schema.items ? value.flatMap((item, i) => this.check(item, schema.items!, [...path, i])) : []
    }
    return value === null || typeof value !== 'object' ? [] : this.object(value, schema, path)
  }

  private object(value: object, schema: Schema, path: Path): Problem[] {
    const properties = schema.properties ?? {}
    const entries = Object.entries(value as Record<string, unknown>)
    const problems = entries.flatMap(([key, item]): Problem[] => {
      const place = [...path, key]
      if (Object.hasOwn(properties, key)) return this.check(item, properties[key]!, place)
      if (schema.additionalProperties === false) {
        return [{ path: place, isKey: true, message: unknownKey(key, Object.keys(properties)) }]
      }
      const names = schema.propertyNames ? this.check(key, schema.propertyNames, place) : []
      if (names.length > 0) return names.map((problem) => ({ ...problem, isKey: true }))
      return typeof schema.additionalProperties === 'object'
        ? this.check(item, schema.additionalProperties, place)
        : []
    })
    for (const key of schema.required ?? []) {
      if (!Object.hasOwn(value, key)) problems.push({ path, message: `needs the key "${key}"` })
    }
    if (schema.oneOf) problems.push(...oneForm(value, schema.oneOf, path))
    if (entries.length < (schema.minProperties ?? 0)) problems.push({ path, message: 'must not be empty' })
    return problems
  }

  /** Where none fits, what is wrong by the form that was most likely meant. */
  private anyOf(value: unknown, schema: Schema, path: Path): Problem[] {
    const forms = schema.anyOf!.map((form) => this.resolve(form))
    const attempts = forms.map((form) => ({ form, problems: this.check(value, form, path) }))
    if (attempts.some(({ problems }) => problems.length === 0)) return []
    if (isOfType(value, 'object')) {
      const keys = Object.keys(value as object)
      const maps = attempts.filter(({ form }) => [form.type].flat().includes('object'))
      const meant = maps.filter(({ form }) => (form.required ?? []).every((key) => keys.includes(key)))
      const likely = (meant.length > 0 ? meant : maps.length === 1 ? maps : []).sort(
        (a, b) => a.problems.length - b.problems.length,
      )[0]
      if (likely) return likely.problems
      const words = maps.flatMap(({ form }) => form.required ?? [])
      const common = maps.flatMap(({ form }) => Object.keys(form.properties ?? {}))
      const odd = keys.find((key) => !common.includes(key))
      if (odd !== undefined) return [{ path: [...path, odd], isKey: true, message: unknownKey(odd, words) }]
      if (words.length > 0) return [{ path, message: `needs one of the keys ${words.join(', ')}` }]
    }
    if (schema.title === undefined || (forms.length > 0 && typeof value === 'string')) {
      const words = attempts.find(({ form }) => form.enum && typeof value === 'string')
      if (words) return words.problems
    }
    return [
      {
        path,
        message: `must be ${schema.title ?? 'of another form'}, not ${this.shown(value, path, forms)}`,
      },
    ]
  }

  /** A value for messages; of one that would be right as text, how to write it. */
  private shown(value: unknown, path: Path, forms: Schema[]): string {
    const text = this.textAt(path)
    if (text === undefined) return show(value)
    const isRightAsText = forms.some(
      ({ type, pattern }) =>
        [type].flat().includes('string') && (pattern === undefined || new RegExp(pattern, 'u').test(text)),
    )
    return isRightAsText ? `${text}: write "${text}"` : text
  }

  private resolve(schema: Schema): Schema {
    if (schema.allOf) return this.resolve(schema.allOf[0]!)
    if (schema.$ref === undefined) return schema
    let found: unknown = this.root
    for (const name of schema.$ref.slice(2).split('/')) found = (found as Record<string, unknown>)[name]
    return this.resolve(found as Schema)
  }
}

function oneForm(value: object, forms: { required: string[] }[], path: Path): Problem[] {
  const heads = forms.map(({ required }) => required[0]!)
  const given = heads.filter((head) => Object.hasOwn(value, head))
  if (given.length === 1) return []
  const [last] = given.slice(-1)
  return last === undefined
    ? [{ path, message: `needs the key ${heads.map((head) => `"${head}"`).join(', or ')}` }]
    : [{ path: [...path, last], isKey: true, message: `has ${given.join(' and ')}: one of them` }]
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}

const NOUNS: Record<string, string> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  null: 'empty',
  number: 'a number',
  object: 'a map',
  string: 'text (in quotes where it is a number)',
}

function nounOf(types: string | string[]): string {
  return [types]
    .flat()
    .map((type) => NOUNS[type] ?? type)
    .join(' or ')
}

/** Names the nearest valid word, and all of them. */
function unknownKey(key: string, known: string[]): string {
  const others = known.length === 0 ? 'there is none' : `the keys are ${listed(known)}`
  return `there is no key "${key}" here${nearest(key, known)}; ${others}`
}

/** ` (did you mean …?)`, or nothing. */
export function nearest(word: string, known: string[]): string {
  const meant = closest(word, known)
  return meant === undefined ? '' : ` (did you mean ${meant}?)`
}

/** Enough of the words for a message. */
export function listed(words: string[]): string {
  const most = 24
  return words.length > most ? `${words.slice(0, most).join(', ')}, …` : words.join(', ')
}

function notOneOf(value: unknown, known: unknown[]): string {
  const words = known.map(String)
  const meant = typeof value === 'string' ? nearest(value, words) : ''
  return `must be one of ${listed(words)}, not ${show(value)}${meant}`
}

function show(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
