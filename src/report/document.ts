import { hasHidden, withEscapedCommands, withEscapes } from './terminal-text.js'

/** How a result is written to stdout. */
export type DocumentFormat = 'json' | 'yaml'

/**
 * A result or an error as one document. Undefined fields are left out. What a terminal would obey is written as an escape. With
 * `noCommands` the document holds nothing that a CI system would take for a command (see `withoutCommands`), and means the same:
 * texts are in quotes then, on one line each.
 */
export async function renderDocument(
  document: unknown,
  format: DocumentFormat,
  { noCommands = false } = {},
): Promise<string> {
  const escaped = (text: string) => {
    const shown = withEscapes(text, format)
    return noCommands ? withEscapedCommands(shown) : shown
  }
  const json = JSON.stringify(document, null, 2)
  if (format === 'json') return escaped(json)
  const { stringify } = await import('yaml')
  // Through JSON, so that both formats say the same. YAML 1.1 is what Helm reads: it quotes strings like 1e3
  // and yes.
  const needsEscapes = hasHidden(json)
  const hasCommands = noCommands && withEscapedCommands(json) !== json
  const text = stringify(JSON.parse(json), {
    aliasDuplicateObjects: false,
    lineWidth: 0,
    ...(noCommands || needsEscapes
      ? {
          defaultStringType: 'QUOTE_DOUBLE',
          defaultKeyType: needsEscapes || hasCommands ? 'QUOTE_DOUBLE' : 'PLAIN',
          blockQuote: false,
        }
      : {}),
  }).trimEnd()
  return escaped(text)
}
