/**
 * The Secrets among the objects of a manifest, for what is in them to be masked; none where it is no YAML. The parser is loaded
 * only where there are any.
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
