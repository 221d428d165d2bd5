/** What names a version in `routes`. */
const ROUTES = new Set(['primary', 'canary', 'shadow'])

/**
 * Whether a value, given by its keys from the root of the values or of a version's configuration, is text whatever it looks like: a
 * version or an image's tag. As numbers, 1.10 and 1.1 would be one.
 */
export function isTextPlace(keys: readonly (string | number)[]): boolean {
  const [section, key] = keys.slice(-2)
  return key === 'tag' ? section === 'image' : key === 'version' && ROUTES.has(String(section))
}
