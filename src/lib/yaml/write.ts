import { Document, type Scalar, type Tags, visit } from 'yaml'
import { hasHidden, withEscapes } from '../hidden-characters.js'
import { TAKEN_FOR_MORE } from './helm-yaml.js'

export interface WriteOptions {
  /** Every text in double quotes, on one line. */
  quoted?: boolean
  /** Keys, too. */
  quotedKeys?: boolean
}

/**
 * The JSON value as YAML that means the same to Helm, Kubernetes and readers of YAML 1.2: a text is quoted if one of them would
 * misread it. Characters that a terminal would obey, or Helm refuse, are escaped.
 */
export function writeYaml(value: unknown, { quoted = false, quotedKeys = false }: WriteOptions = {}): string {
  const document = new Document(value, {
    version: '1.1',
    compat: 'core',
    // No merging: a key << is plain text.
    customTags: (tags) => [...tags.filter((tag) => !isMerge(tag)), ...TAKEN_FOR_MORE],
    aliasDuplicateObjects: false,
  })
  visit(document, {
    Scalar: (_key, node: Scalar) => {
      if (typeof node.value === 'string' && needsQuotes(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
  const text = document.toString({
    lineWidth: 0,
    doubleQuotedAsJSON: true,
    ...(quoted ? { defaultStringType: 'QUOTE_DOUBLE', blockQuote: false } : {}),
    ...(quoted ? { defaultKeyType: quotedKeys ? 'QUOTE_DOUBLE' : 'PLAIN' } : {}),
  })
  return withEscapes(text, 'yaml')
}

function isMerge(tag: Tags[number]): boolean {
  return typeof tag !== 'string' && tag.tag.endsWith(':merge')
}

/** `<<` merges, and `=` is a special value for some readers; hidden characters must be escaped. */
function needsQuotes(text: string): boolean {
  return text === '<<' || text === '=' || hasHidden(text)
}
