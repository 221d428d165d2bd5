/**
 * The Secrets in a manifest, whose contents have to be masked; empty if it is not YAML. The parser is loaded only if
 * there are any.
 */
export async function secretsOf(manifest: string): Promise<unknown[]> {
  const documents = manifest
    .split(/^---\s*$/m)
    .filter((text) => /^["']?kind["']?:\s*["']?Secret\b/m.test(text))
  if (documents.length === 0) return []
  const { parse } = (await import('yaml')).default
  return documents.flatMap((text): unknown[] => {
    try {
      return [parse(text)]
    } catch {
      return []
    }
  })
}
