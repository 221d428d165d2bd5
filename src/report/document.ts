/** How a result is written to stdout. */
export type DocumentFormat = 'json' | 'yaml'

/**
 * A result or an error as one document. Undefined fields are left out. With `noCommands` it holds nothing that GitHub's
 * runner would take for a command (see `withoutCommands`), and means the same: texts are in quotes then, on one line each.
 */
export async function renderDocument(
  document: unknown,
  format: DocumentFormat,
  { noCommands = false } = {},
): Promise<string> {
  const escaped = (text: string) => (noCommands ? text.replaceAll('##[', '#\\u0023[') : text)
  if (format === 'json') return escaped(JSON.stringify(document, null, 2))
  const { stringify } = await import('yaml')
  // Through JSON, so that both formats say the same. YAML 1.1 is what Helm reads: it quotes strings like 1e3
  // and yes.
  const text = stringify(JSON.parse(JSON.stringify(document)), {
    aliasDuplicateObjects: false,
    lineWidth: 0,
    ...(noCommands ? { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', blockQuote: false } : {}),
  }).trimEnd()
  return escaped(text)
}
