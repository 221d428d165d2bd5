import type { CollectionTag, DocumentOptions, ParseOptions, ScalarTag, SchemaOptions, Tags } from 'yaml'
import { isKeptExactly, plainScalar } from './helm-scalars.js'

type Options = ParseOptions & DocumentOptions & SchemaOptions

/** How Helm and Kubernetes read YAML, for the `yaml` package: numbers that a double cannot hold are rounded, as they do. */
export const KUBERNETES_YAML: Options = { version: '1.1', customTags: (tags) => helmTags(tags, toNumber) }

/** The same for values: a number that would be rounded is an error, and keys are text as written. */
export const VALUES_YAML: Options = {
  version: '1.1',
  stringKeys: true,
  customTags: (tags) => helmTags(tags, toExactNumber),
}

/**
 * Scalars that Helm reads as something other than text, beyond YAML 1.1 and 1.2: the writer quotes texts that one of them would
 * misread. These tags write no values.
 */
export const TAKEN_FOR_MORE: ScalarTag[] = [
  {
    tag: 'tag:yaml.org,2002:float',
    default: true,
    test: testOf(
      (text) => typeof plainScalar(text) !== 'string' || /^[-+.]*[0-9][-+.:_0-9a-fox]*$/i.test(text),
    ),
    resolve: toNumber,
  },
]

type ToNumber = (text: string, onError: (message: string) => void) => number

function helmTags(tags: Tags, number: ToNumber): Tags {
  const others = tags.filter((tag) => typeof tag !== 'string' && isKept(tag))
  const scalars: ScalarTag[] = [
    {
      tag: 'tag:yaml.org,2002:null',
      default: true,
      test: testOf((text) => plainScalar(text) === null),
      resolve: () => null,
      // A key without a value.
      identify: (value) => value === null,
    },
    {
      tag: 'tag:yaml.org,2002:bool',
      default: true,
      test: testOf((text) => typeof plainScalar(text) === 'boolean'),
      resolve: (text) => plainScalar(text),
    },
    {
      tag: 'tag:yaml.org,2002:float',
      default: true,
      test: testOf((text) => typeof plainScalar(text) === 'number'),
      resolve: (text, onError) => number(text, onError),
    },
    {
      tag: 'tag:yaml.org,2002:int',
      resolve: (text, onError) => {
        if (!Number.isInteger(plainScalar(text))) onError(`${text} is no integer`)
        return number(text, onError)
      },
    },
    {
      tag: 'tag:yaml.org,2002:binary',
      resolve: (text) => Buffer.from(text, 'base64').toString('utf8'),
    },
  ]
  return [...others, 'merge', ...scalars]
}

/** Texts, maps and lists. YAML 1.1 has sets and ordered maps; Helm reads them as the maps and lists they look like. */
function isKept({ tag, collection }: ScalarTag | CollectionTag): boolean {
  return collection === undefined ? tag.endsWith(':str') : !/:(set|omap|pairs)$/.test(tag)
}

/** The package wants a pattern, and uses only this method of it. */
function testOf(test: (text: string) => boolean): RegExp {
  return { test } as RegExp
}

function toNumber(text: string): number {
  return Number(plainScalar(text))
}

function toExactNumber(text: string, onError: (message: string) => void): number {
  const value = toNumber(text)
  // The count of the values refuses what is not a number.
  if (Number.isFinite(value) && !isKeptExactly(text)) {
    onError(`the number ${text} would be rounded to ${value}: write "${text}" where it is text`)
  }
  return value
}
