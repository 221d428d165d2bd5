import { withEscapes } from '../lib/hidden-characters.js'
import { withEscapedCommands } from './terminal/terminal-text.js'

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
  const safe = (text: string) => (noCommands ? withEscapedCommands(text) : text)
  const json = JSON.stringify(document, null, 2)
  if (format === 'json') return safe(withEscapes(json, format))
  const { writeYaml } = await import('../lib/yaml/write.js')
  // Through JSON, so that both formats have the same content.
  const text = writeYaml(JSON.parse(json), {
    quoted: noCommands,
    quotedKeys: noCommands && withEscapedCommands(json) !== json,
  })
  return safe(text.trimEnd())
}
