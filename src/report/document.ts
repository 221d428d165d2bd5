/** How a result is written to stdout. */
export type DocumentFormat = 'json' | 'yaml'

/** A result or an error as one document. Undefined fields are left out. */
export async function renderDocument(document: unknown, format: DocumentFormat): Promise<string> {
  if (format === 'json') return JSON.stringify(document, null, 2)
  const { stringify } = await import('yaml')
  // Through JSON, so that both formats say the same. YAML 1.1 is what Helm reads: it quotes strings like 1e3
  // and yes.
  return stringify(JSON.parse(JSON.stringify(document)), {
    aliasDuplicateObjects: false,
    lineWidth: 0,
  }).trimEnd()
}
