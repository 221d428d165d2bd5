import { withEscapes } from '../lib/hidden-characters.js'
import { withEscapedCommands } from './terminal/terminal-text.js'

/** How a result is written to stdout. */
export type DocumentFormat = 'json' | 'yaml'

/**
 * A result or an error as one document. Undefined fields are left out. Characters that a terminal would obey are
 * escaped. With `noCommands`, the document also contains nothing that a CI system would read as a command (see
 * `withoutCommands`), without a change of meaning: all texts are then quoted, on one line each.
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
