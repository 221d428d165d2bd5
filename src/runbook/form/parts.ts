import * as v from 'valibot'

/** Any part of a form. The messages of parts are nouns: what a value has to be. */
export type Form = v.GenericSchema

/** A whole text that is one variable: its value is checked once it is known. */
const REFERENCE = '\\$\\{[a-z][a-z0-9_]*\\}'

/** What the objects of JavaScript have anyway: no map can be keyed by them. */
const RESERVED = ['__proto__', 'constructor', 'prototype']

/**
 * A map with these keys and no others. Unlike valibot's own strict object it refuses lists, and reports every unknown key
 * instead of the first one.
 */
export function closedMap<const E extends v.ObjectEntries>(entries: E, noun?: string) {
  const open = v.object(entries)
  return checkingKeys(
    v.strictObject(entries, noun),
    (dataset, config) => open['~run'](dataset, config),
    (key) => Object.hasOwn(entries, key),
  )
}

/** A map keyed by names of the user's own. Unlike valibot's own record it refuses lists and reserved names. */
export function mapOf<K extends v.GenericSchema<string, string>, V extends Form>(name: K, value: V) {
  const record = v.record(name, value)
  return checkingKeys(
    record,
    (dataset, config) => record['~run'](dataset, config),
    (key) => !RESERVED.includes(key),
  )
}

function checkingKeys<F extends Form & { message: string | undefined }>(
  form: F,
  run: Form['~run'],
  isKnown: (key: string) => boolean,
): F {
  const checked: Form['~run'] = (dataset, config) => {
    const { value } = dataset
    if (Array.isArray(value)) {
      v._addIssue(form, 'type', dataset, config)
      return dataset as unknown as ReturnType<Form['~run']>
    }
    const result = run(dataset, config)
    if (typeof value !== 'object' || value === null) return result
    for (const key of Object.keys(value).filter((key) => !isKnown(key))) {
      const input = value as Record<string, unknown>
      const path: [v.ObjectPathItem] = [{ type: 'object', origin: 'key', input, key, value: input[key] }]
      v._addIssue(form, 'key', result, config, { input: key, expected: 'never', path })
    }
    return result
  }
  return { ...form, '~run': checked }
}

export const text = v.string()
export const flag = v.boolean()
export const texts = v.array(text)
/** YAML reads `1.10` as a number; what is meant is the text. */
export const scalar = v.pipe(v.union([v.string(), v.number(), v.boolean()]), v.transform(String))

/** Text of a form that the noun names. */
export function textLike(noun: string, pattern: string) {
  return v.pipe(v.string(noun), v.regex(new RegExp(pattern), noun), v.title(noun))
}

/** A number in a range, or a variable. */
export function numberWithin(least: number, most: number, noun: string, { whole = false } = {}) {
  const number = v.pipe(v.number(noun), v.minValue(least, noun), v.maxValue(most, noun))
  const wanted = whole ? v.pipe(number, v.integer(noun)) : number
  return v.pipe(v.union([wanted, textLike(noun, `^${REFERENCE}$`)], noun), v.title(noun))
}

export function described<F extends Form>(description: string, form: F) {
  return v.pipe(form, v.description(description))
}

export const id = textLike(
  'a name of letters, digits, "-", "_" and "."',
  '^[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?$',
)

export const duration = textLike(
  'a duration like 90s, 10m or 1h30m (units are h, m, s and ms)',
  `^(0|(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|ms|s|m|h))+|${REFERENCE})$`,
)

export const timeOfDay = textLike(
  'a time of day in quotes, from "00:00" to "24:00"',
  `^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00|${REFERENCE})$`,
)

export const percent = numberWithin(0, 100, 'a whole number from 0 to 100', { whole: true })

export const version = textLike(
  'a version: text of at most 63 of a-z, 0-9, ".", "-" and "_", in quotes if it looks like a number',
  '^([a-z0-9]([-a-z0-9._]{0,61}[a-z0-9])?|.*\\$\\{.*)$',
)

const ANALYSIS = 'true, false or a duration like 30s'
export const analysis = v.pipe(v.union([flag, duration], ANALYSIS), v.title(ANALYSIS))

/** One name or several. */
export function names(kind: 'app' | 'cluster') {
  const noun = `the name of ${kind === 'app' ? 'an app' : 'a cluster'} or a list of names`
  return v.pipe(v.union([text, texts], noun), v.title(noun))
}

/** Settings of a step's verifications. */
export const verifyEntries = {
  tolerance: v.optional(
    described(
      'How far a share may be from its weight, in percentage points',
      numberWithin(0.1, 50, 'a number of percentage points from 0.1 to 50'),
    ),
  ),
  paths: v.optional(
    described(
      'Paths to probe',
      v.pipe(v.array(textLike('a path that begins with /', '^/|^\\$\\{')), v.minLength(1)),
    ),
  ),
  rate: v.optional(
    described(
      'Probes per second of each kind; 0: as fast as possible',
      numberWithin(0, 100_000, 'a number of probes per second'),
    ),
  ),
  timeout: v.optional(described('Limit of each verification', duration)),
}
export const verifySettings = described(
  "For this step's verification; overrides the app's settings",
  closedMap(verifyEntries),
)
